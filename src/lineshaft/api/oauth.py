"""``POST /oauth/token``: client credentials (RFC 6749 §4.4) for clients that sign in no other way."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request

from lineshaft.api.json_edge import Json, loads
from lineshaft.api.services import Services
from lineshaft.base.errors import HubError
from lineshaft.security.access_tokens import LASTS, access_token, basic_credentials
from lineshaft.security.audit import ORIGIN

_HEADERS: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_BODY_BYTES_MAX: Final = 16_384


async def give_token(request: Request) -> Json:
    """Give an access token for an hour; the client's secret is a token of the hub."""
    services: Services = request.app.state.services
    asked = await _asked(request)
    if asked is None:
        return _refused("invalid_request", "Expected a form or JSON with grant_type and client_secret.", 400)
    if asked.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", "Expected grant_type=client_credentials.", 400)
    secret = asked.get("client_secret", "")
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if not secret and scheme.lower() == "basic":
        credentials = basic_credentials(shown.strip())
        secret = credentials[1] if credentials is not None else ""
    now = services.clock.now()
    caller = await services.tokens.caller(secret, now, ORIGIN.get().address) if secret else None
    if caller is None:
        return _refused("invalid_client", "The hub does not know this client secret.", 401)
    answer = {
        "access_token": access_token(secret, caller.name, now),
        "token_type": "Bearer",
        "expires_in": int(LASTS.total_seconds()),
    }
    return Json(answer, headers=_HEADERS)


async def _asked(request: Request) -> dict[str, str] | None:
    body = await request.body()
    if len(body) > _BODY_BYTES_MAX:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            found: Any = loads(body)
        except HubError:
            return None
        if not isinstance(found, dict):
            return None
        return {name: value for name, value in found.items() if isinstance(value, str)}
    try:
        return {name: some[0] for name, some in parse_qs(body.decode(), max_num_fields=20).items()}
    except ValueError:
        return None


def _refused(error: str, description: str, status: int) -> Json:
    """Return an error as RFC 6749 §5.2 has it: its clients read no other."""
    return Json({"error": error, "error_description": description}, status, headers=_HEADERS)
