"""The manifest that one begins with where nothing is there to make it from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

_AUTH: Final[Mapping[str, str]] = {
    "none": "auth: {kind: none}\n",
    "bearer": "auth: {kind: bearer, token: secret:NAME_token}\n",
    "api_key": "auth: {kind: api_key, header: X-Api-Key, value: secret:NAME_api_key}\n",
    "basic": "auth: {kind: basic, user: secret:NAME_user, password: secret:NAME_password}\n",
    "oauth2": (
        "auth:\n  kind: oauth2\n  token_url: /oauth/token\n  client_id: secret:NAME_client_id\n"
        "  client_secret: secret:NAME_client_secret\n"
    ),
    "session": (
        "auth:\n  kind: session\n"
        "  login:\n    path: /api/login\n    body: {user: secret:NAME_user, password: secret:NAME_password}\n"
        "  token: answer.token          # or, for a cookie: `cookies: true` instead of token and header\n"
        "  header: Authorization\n  value: '\"Bearer \" + token'\n"
    ),
}
_REST: Final = """\
# A request that changes nothing and needs the credentials: `lineshaft connector check` makes it.
check: {path: /api/orders}
resources:
  order:
    read: {path: "/api/orders/{id}"}
    changes:
      path: /api/orders
      query: {page: page, per_page: page_size}
      records: answer
      paging: {kind: page, size: 100}
      # Without a time of change the whole list is compared with the last time.
      cursor: {snapshot: item.id}
      interval_s: 60
      id: string(item.id) + "/" + digest
      type: '"NAME.order." + change'
      subject: string(item.id)
operations:
  order.create:
    path: /api/orders
    body:
      customer: payload.customer
      note?: payload.note        # ? leaves the entry out where there is no value
    input: {customer: string!, note: string}
    number: answer.id
"""


def first_manifest(name: str, auth: str) -> str:
    """Return a manifest to go on with.

    Raises:
        InputError: There is no beginning for this kind of credentials.
    """
    if auth not in _AUTH:
        raise InputError(
            text(
                "Expected one of {known}, but it is {auth}.",
                "应为 {known} 之一,实际为 {auth}。",
                known=", ".join(_AUTH),
                auth=auth,
            ),
            hint=text(
                "the others stand in docs/reference/manifest.md", "其他方式见 docs/reference/manifest.md"
            ),
        )
    return f"format: 1\nname: {name}\n" + (_AUTH[auth] + _REST).replace("NAME", name)
