"""The reference page of the LDAP connector, with its settings and choices from the declaration. Pure."""

from __future__ import annotations

from typing import Final

from lineshaft.connectors.ldap.model import ACTIONS, MARKERS, PASSWORD_STYLES, VALUE_TYPES
from lineshaft.connectors.ldap.reader import SETTINGS
from lineshaft.sdk.page import settings_row

_HEAD: Final = """# Directories (`connector: ldap`)

Entries of a directory over LDAP 3 (RFC 4511): people, groups, whatever has classes and attributes. **Seen**: OpenLDAP
2.5 (slapd), on which the connector suite runs. **Unverified**: Active Directory, 389 Directory Server; what is said of
them here is from their documents.

```yaml
format: 1
connector: ldap
name: directory
auth: {user: secret:directory_user, password: secret:directory_password}
resources:
  person:
    base: ou=people
    classes: [inetOrgPerson]
    key: number
    fields:
      number: {attribute: uid, required: true}
      name: cn
      family: sn
      phones: {attribute: telephoneNumber, many: true}
      manager: {attribute: manager, link: person}
    changes: {type: '"directory.person.changed"', subject: item.number}
  group:
    base: ou=groups
    filter: (objectClass=groupOfNames)
    key: name
    fields: {name: cn, members: {attribute: member, many: true, link: person}}
operations:
  person.save:
    action: put
    resource: person
    values: {number: payload.number, name: payload.name, family: payload.family, manager: payload.manager}
  group.join: {action: join, resource: group, key: payload.group, members: members, member: payload.person}
```

## The connection

| key | meaning |
|---|---|
"""  # noqa: E501 - rows of tables

_TAIL: Final = """| `limits`, `timeouts` | `concurrency` (4), `per_second`; `connect_s` (5), `call_s` (30) |

Without `auth` the connector asks anonymously. `tls` is `starttls` where nothing is said, `off` on the hub's own machine only:
a password does not go over the network in the clear. The server's certificate and name are checked, against `ca_file` where
the firm has its own.

## Entries (`resources`)

| key | meaning |
|---|---|
| `base`, `scope` | where they stand below the connection's base; `subtree` (default) or `one` level |
| `filter` | which entries, in LDAP's own form; without it those of the last of `classes` |
| `classes` | the object classes of new entries |
| `key` | the field whose value is unique: by it an entry is found again, wherever it stands |
| `rdn` | the field that names a new entry (`key`) |
| `fields` | name → attribute; or `attribute`, `type`, `many: true` (a list), `required`, `link: RESOURCE` |
| `changes` | what is polled, below |

A `link` is a name (DN) in the directory and a key here: keys are looked up before a write, and a key that is not there is a
*missing reference*, so that the record waits for it.

## Changes

| key | meaning |
|---|---|
"""  # noqa: E501 - rows of tables

_CHANGES: Final = """| `overlap_s` | how far each sweep goes back (10): replicas tell late. For `uSNChanged` a number |
| `page` | entries at once (500, at most 1,000) |
| `start` | `beginning` (everything that is there) or `now` |
| `type`, `subject`, `id` | of the events, over `item`, `dn` (`id` also over `changed`); without `id` it follows from the entry's own id, its time and its content |
| `deleted` | type of the event of an entry that is gone (`directory.person.deleted`); without it deletions are not told |
| `event_types`, `interval_s` | as everywhere (60) |

A sweep reads page by page; where the line or the hub breaks, it begins again from the last whole one, under the same ids.

A directory does not show what was deleted. With `deleted` the cursor remembers which entries there are (at most 50,000), and
every sweep ends with a list of their ids: what `filter` does not find any more is told as deleted, with its last DN and its
subject (its DN where it was never told before). A list without any entry is an error, not a deletion of all of them: then
the base is another one, or the account lost its right to read.

## Operations

| action | does | a repeat |
|---|---|---|
| `put` | finds the entry by its key; makes it, or replaces the values that differ | says so, writes nothing |
| `add` | makes it; one that is there with other values is *refused* | says so |
| `modify` | replaces `values` of an entry that must be there; null takes a value away | says so |
| `delete` | removes it | says so |
| `password` | gives it a new password | sets it again |
| `join`, `leave` | puts one or several `member` into the list `members`, or out of it; others' changes stay | says so |
| `find` | answers `found`, `count`, `record`, `records` (1,000 at most) by `key` and `where` | |

Keys of an operation: `action`, `resource`, `key`, `values`, `where`, `password`, `style`, `members`, `member`, `input`,
`output`, `timeout_s`, `label`. All expressions see `payload` and `key` (the call's own). The outcome's document has the
resource as its kind, the key as its number and the DN as its local id.

| result codes | are |
|---|---|
| 48, 49, 7, 8 | *unavailable*, `wrong_credentials` |
| 19, 53, 66, 67 | *refused* (a password rule, an entry with others below it) |
| 51, 52 | *unavailable* |
| 1, 2, 3, 54, 80 | *unknown* after a write, *unavailable* after a reading |
| all others | *invalid*, with the server's words |

## What to know

- Numbers are kept as texts by most schemas and come back as exact decimals; times are generalized time in UTC.
- An attribute has no empty value: null and an empty text take it away.
- `style: active_directory` sends `unicodePwd`; Active Directory takes it over TLS only. `extended` is RFC 3062, `attribute` writes `userPassword` as it is.
- `describe` shows what the directory's schema says of the classes: types, which attributes must be there. A renamed attribute stops what uses it.
- An entry's own name is not changed by a write: no operation moves entries.
- The library is LDAP3, called in `concurrency` + 1 threads.
"""  # noqa: E501 - rows of tables


def page() -> str:
    """Return the page as Markdown."""
    rows = [
        settings_row("settings", SETTINGS),
        "| `auth` | `user` (a DN), `password`: references to secrets |",
    ]
    changes = [f"| `by` | {_choices(MARKERS)}; the last two of Active Directory |"]
    types = f"\nTypes of fields: {_choices(VALUE_TYPES)}. Actions: {_choices(ACTIONS)}. `style`: "
    types += f"{_choices(PASSWORD_STYLES)}.\n"
    return _HEAD + "\n".join(rows) + "\n" + _TAIL + "\n".join(changes) + "\n" + _CHANGES + types


def _choices(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
