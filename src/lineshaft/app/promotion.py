"""What a release needs of the environment it comes to: settings and secrets, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lineshaft.api.services import SystemNeeds
from lineshaft.app.connections import PAGE_SETTINGS
from lineshaft.app.packs import read_release
from lineshaft.base.clock import Clock
from lineshaft.base.errors import ConfigError
from lineshaft.base.text import Text
from lineshaft.engine.releases import File
from lineshaft.sdk.registry import Connection, Definition, Registry
from lineshaft.security.secrets import Secrets


class Promotion:
    """Looks at a release as this environment would connect it."""

    def __init__(
        self,
        registry: Registry,
        secrets: Secrets,
        clock: Clock,
        settings: Callable[[str], Mapping[str, object]],
    ) -> None:
        self._registry = registry
        self._secrets = secrets
        self._clock = clock
        self._settings = settings

    async def needs(self, files: Sequence[File]) -> list[SystemNeeds]:
        """Return what each system asks for, and what of it is missing here."""
        read = read_release(files, self._registry)
        return [await self._needs(name, definition) for name, definition in sorted(read.systems.items())]

    def secrets_within(self, content: bytes) -> list[str]:
        """Return the names of secrets of this hub whose values stand in a content."""
        return self._secrets.found_in(content)

    async def _needs(self, name: str, definition: Definition) -> SystemNeeds:
        given = {k: v for k, v in self._settings(name).items() if k not in PAGE_SETTINGS}
        asked = sorted(each.name for each in definition.settings if each.required)
        problem: Text | None = None
        missing: list[str] = []
        try:
            connector = definition.connect(Connection(name, given, self._secrets, self._clock))
            await connector.close()
        except ConfigError as error:
            problem = error.message
            missing = [each for each in asked if given.get(each) in (None, "")]
        wanted = sorted(definition.secrets)
        return SystemNeeds(
            name, asked, wanted, missing, [each for each in wanted if each not in self._secrets], problem
        )
