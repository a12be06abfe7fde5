"""First manifests for whoever asks by the API; the command line makes the same (``connector new``)."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.api.services import ManifestDraft
from lineshaft.connectors.http.openapi import draft_from, read_openapi
from lineshaft.sdk.registry import Registry


def drafted_from_openapi(
    registry: Registry, system: str, description: bytes, only: Sequence[str]
) -> ManifestDraft:
    """Return the first manifest of a system that an OpenAPI description tells of.

    Args:
        registry: Reads the manifest as a release would.
        system: Its name.
        description: JSON or YAML.
        only: Which paths (a part of them) or tags to take; empty: all.

    Raises:
        InputError: It is no OpenAPI description, or nothing of it is left.
    """
    draft, base = draft_from(read_openapi(description, "openapi"), system, only=only)
    written = draft.text()
    definition = registry.read(written.encode(), f"systems/{system}.yaml")
    spec = definition.spec
    return ManifestDraft(
        written,
        base,
        sorted(definition.secrets),
        [each.name for each in spec.resources],
        [each.name for each in spec.operations],
    )
