"""Credentials of a first manifest, from the security schemes of an OpenAPI description. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lineshaft.connectors.http.openapi_schemas import Schemas, list_of, table_of

_PLACES: Final = {"header": "headers", "query": "query", "cookie": "cookies"}
_FLOWS: Final = (
    ("clientCredentials", "client_credentials"),
    ("application", "client_credentials"),
    ("password", "password"),
    ("authorizationCode", "refresh_token"),
    ("accessCode", "refresh_token"),
)
"""Flows by which a program can log in without a person at a browser, the best first."""


class Credentials:
    """Finds the credentials that most of the description's operations ask for."""

    def __init__(self, schemas: Schemas, system: str) -> None:
        self._schemas = schemas
        self._system = system
        self.notes: list[str] = []

    def found(self) -> dict[str, Any]:
        """Return the ``auth`` section; empty where nothing is asked for."""
        spec = self._schemas.spec
        components = table_of(spec.get("components"))
        schemes = table_of(components.get("securitySchemes") or spec.get("securityDefinitions"))
        unknown = []
        for names in (*self._wanted(), *((name,) for name in schemes)):
            sections = [self._section(self._schemas.resolved(schemes.get(name))) for name in names]
            whole = _together([each for each in sections if each is not None])
            if whole is not None and len(sections) == sum(each is not None for each in sections):
                return whole
            unknown += list(names)
        if unknown:
            self.notes.append(
                f"Credentials are described as {', '.join(dict.fromkeys(unknown))}; write `auth` by hand."
            )
        elif not schemes:
            self.notes.append("No credentials are described; where some are needed, write `auth` by hand.")
        return {}

    def _wanted(self) -> Iterator[tuple[str, ...]]:
        """Yield what is asked for: of the whole first, then of the operations, the most usual first."""
        spec = self._schemas.spec
        yield from _names(spec.get("security"))
        counted: dict[tuple[str, ...], int] = {}
        for entry in spec["paths"].values():
            for operation in entry.values() if isinstance(entry, Mapping) else ():
                if isinstance(operation, Mapping):
                    for names in _names(operation.get("security")):
                        counted[names] = counted.get(names, 0) + 1
        yield from sorted(counted, key=lambda names: -counted[names])

    def _section(self, scheme: Mapping[str, Any]) -> dict[str, Any] | None:
        own = self._system
        kind = str(scheme.get("type"))
        http = str(scheme.get("scheme")).lower()
        if kind == "basic" or (kind == "http" and http == "basic"):
            return {"kind": "basic", "user": f"secret:{own}_user", "password": f"secret:{own}_password"}
        if kind in ("http", "openIdConnect") and http in ("bearer", "none"):
            return {"kind": "bearer", "token": f"secret:{own}_token"}
        if kind == "apiKey" and str(scheme.get("in")) in _PLACES and scheme.get("name"):
            return self._key(scheme)
        if kind == "oauth2":
            return self._oauth2(scheme)
        return None

    def _key(self, scheme: Mapping[str, Any]) -> dict[str, Any]:
        name = str(scheme.get("name"))
        if name.lower() == "authorization":
            words = " ".join(str(scheme.get("description") or "").split())
            self.notes.append(
                "The secret is the whole header Authorization, with the word before the key where it has one"
                + (f" ({words[:80]})." if words else ".")
            )
        place = str(scheme["in"])
        return {"kind": "api_key", "in": place, "name": name, "value": f"secret:{self._system}_api_key"}

    def _oauth2(self, scheme: Mapping[str, Any]) -> dict[str, Any] | None:
        own = self._system
        flows = table_of(scheme.get("flows") or {str(scheme.get("flow")): scheme})
        for name, grant in _FLOWS:
            flow = flows.get(name)
            if not isinstance(flow, Mapping) or not flow.get("tokenUrl"):
                continue
            section = {"kind": "oauth2", "grant": grant, "token_url": _address(str(flow["tokenUrl"]))}
            section |= {
                "client_id": f"secret:{own}_client_id",
                "client_secret": f"secret:{own}_client_secret",
            }
            if grant == "password":
                section |= {"user": f"secret:{own}_user", "password": f"secret:{own}_password"}
            if grant == "refresh_token":
                section["refresh_token"] = f"secret:{own}_refresh_token"
            return section
        return {"kind": "bearer", "token": f"secret:{own}_token"}


def _names(requirements: Any) -> Iterator[tuple[str, ...]]:
    for each in list_of(requirements):
        if isinstance(each, Mapping) and each:
            yield tuple(str(name) for name in each)


def _address(url: str) -> str:
    return url if url.startswith(("/", "http://", "https://")) else f"/{url}"


def _together(sections: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Several at once: keys become one ``fixed``; beside anything else the first one stands."""
    if not sections:
        return None
    keys = [each for each in sections if each["kind"] == "api_key"]
    if len(sections) == 1 or len(keys) != len(sections):
        return sections[0]
    whole: dict[str, Any] = {"kind": "fixed"}
    for index, each in enumerate(keys, 1):
        place = whole.setdefault(_PLACES.get(each["in"], "headers"), {})
        place[each["name"]] = each["value"] if index == 1 else f"{each['value']}_{index}"
    return whole
