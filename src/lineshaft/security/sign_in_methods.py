"""How people may sign in here, as it is configured, and a test of each way step by step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lineshaft.base.errors import HubError, NotFound
from lineshaft.base.text import Text, text
from lineshaft.sdk.outcomes import CheckStep

Step = tuple[Text, Callable[[], Awaitable[Text]]]


@dataclass(frozen=True, slots=True)
class SignInMethod:
    """One way to sign in. Secrets are no part of it."""

    name: str
    title: Text
    on: bool
    facts: Sequence[tuple[Text, str]]
    """What is set, with its name for people."""
    can_be_checked: bool = False


class Checkable(Protocol):
    """A directory or provider outside that can be asked whether it is there."""

    def steps(self) -> list[Step]:
        """Return what a test does, in order; a step returns what it found, or raises ``HubError``."""
        ...


class SignInMethods:
    """All ways to sign in."""

    def __init__(
        self, methods: Callable[[], list[SignInMethod]], outside: Callable[[], dict[str, Checkable]]
    ) -> None:
        self.all = methods
        self._outside = outside

    async def check(self, name: str) -> list[CheckStep]:
        """Test one way step by step, up to the first that fails; raises ``NotFound``."""
        found = self._outside().get(name)
        if found is None:
            raise NotFound(
                text(
                    "There is no sign-in method {name} to be tested.",
                    "没有可测试的登录方式 {name}。",
                    name=name,
                )
            )
        done: list[CheckStep] = []
        for title, work in found.steps():
            try:
                done.append(CheckStep(title, True, await work()))
            except HubError as error:
                done.append(CheckStep(title, False, error.message))
                break
        return done
