"""The reference page of the mailbox connector, with its settings and fields from the declaration. Pure."""

from __future__ import annotations

from typing import Final

from lineshaft.connectors.mailbox.model import ACTIONS
from lineshaft.connectors.mailbox.reader import FIELDS, SETTINGS, WHERE
from lineshaft.sdk.page import settings_row

_HEAD: Final = """# Mail in (`connector: mailbox`)

New messages of a folder as events, over IMAP 4 (RFC 3501, RFC 9051). **Seen**: Dovecot 2.3, on which its tests run. **Unverified**: Exchange,
Gmail, Tencent and Alibaba enterprise mail; XOAUTH2. Mail out is the kind [`mail`](../connector-mail.md).

```yaml
format: 1
connector: mailbox
name: orders_mail
auth: {user: secret:mail_user, password: secret:mail_password}
resources:
  mail:
    folder: INBOX
    when: not(item.automatic)
    type: '"mail.received"'
    subject: item.from.address
operations:
  mail.file: {action: move, resource: mail, id: payload.id, to: '"已处理"'}
```

## The connection

| key | meaning |
|---|---|
"""  # noqa: E501 - rows of tables

_TAIL: Final = """| `auth` | `user`, and `password` or `token` (an OAuth 2.0 access token, XOAUTH2): references to secrets |
| `limits`, `timeouts` | `concurrency` (2); `connect_s` (10), `call_s` (30) |

`tls` is `implicit` where nothing is said, `off` on the hub's own machine only. The server's certificate and name are checked, against
`ca_file` where the firm has its own.

## Folders (`resources`)

| key | meaning |
|---|---|
| `folder` | its name (`INBOX`), Chinese too |
| `start` | `beginning` (what is there) or `now` |
| `when` | which messages are told, over `item` |
| `type`, `subject` | of the events, over `item` |
| `page` | messages at once (20) |
| `megabytes_max` | larger messages are told with their headers alone, `too_large: true` (25) |
| `inline_kilobytes` | attachments up to so much come inside of the event, in base 64 (256) |
| `idle_s` | how long to wait before the server is asked anew (1,500) |
| `event_types`, `interval_s` | as everywhere (60) |

A folder is only looked at: nothing is marked as read, and what people do in it changes nothing for the hub. The cursor is the folder's number
(UIDVALIDITY) and the greatest message's (UID). Where a server numbers the folder anew, it is read again from its beginning; events
have ids made of the messages themselves, so what was told is known. With IDLE a message is told at once.

## A message

| field | |
|---|---|
"""  # noqa: E501 - rows of tables

_END: Final = """
A message is downloaded piece by piece under its `id` (`FOLDER/NUMBER`), an attachment under `FOLDER/NUMBER/1`. Names of attachments hold no path.
Texts are read in their own charset; GB2312 and GBK as GB 18030, which holds them.

## Operations

| action | does | a repeat |
|---|---|---|
| `find` | answers `found`, `count`, `records` (the newest 50) by `where` | |
| `move` | puts the message `id` into the folder `to` | says so: it is not there any more |
| `flag` | sets `flags` (`"\\Seen"`), or takes them away with `off: true` | sets them again |

| the server's no | is |
|---|---|
| `AUTHENTICATIONFAILED` and any other at the login | *unavailable*, `wrong_credentials` |
| `UNAVAILABLE`, `INUSE`, `LIMIT`, `SERVERBUG` | *unavailable* |
| `NONEXISTENT`, `TRYCREATE`, `NOPERM`, BAD | *invalid* |
| another NO to a write (`OVERQUOTA`) | *refused* |
"""  # noqa: E501 - rows of tables


def page() -> str:
    """Return the page as Markdown."""
    fields = [
        f"| `{each.name}` | {each.type}: {each.label.in_language('en')} {each.label.in_language('zh')} |"
        for each in FIELDS
        if each.label is not None
    ]
    choices = f"\nActions: {_choices(ACTIONS)}. `where`: {_choices(WHERE)}.\n"
    return (
        _HEAD + settings_row("settings", SETTINGS) + "\n" + _TAIL + "\n".join(fields) + "\n" + _END + choices
    )


def _choices(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
