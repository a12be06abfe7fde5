"""Which token a request shows, in whichever way its client signs in."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request

from lineshaft.security.access_tokens import basic_credentials, token_within


def shown_token(request: Request, now: datetime) -> str | None:
    """Return the token in the header ``Authorization``; ``None`` where there is none.

    As it is (``Bearer``), as an access token of ours, or, on the routes of workers only, as the password of
    the basic scheme: a browser must not be led to ask people for one.
    """
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    shown = shown.strip()
    if scheme.lower() == "bearer" and shown:
        return token_within(shown, now) or shown
    if scheme.lower() == "basic" and request.url.path.startswith("/v2/"):
        credentials = basic_credentials(shown)
        return credentials[1] if credentials is not None else ""
    return None
