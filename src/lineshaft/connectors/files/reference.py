"""The reference page of the files connector, with its settings and choices from the declaration. Pure."""

from __future__ import annotations

from typing import Final

from lineshaft.connectors.files.model import SHAPES, STORES, VALUE_TYPES
from lineshaft.connectors.files.reader import AUTH, SETTINGS
from lineshaft.sdk.page import settings_row

_HEAD: Final = """# Files (`connector: files`)

CSV, Excel, JSON and XML in and out, over a folder of the hub's machine, an SFTP server or a bucket (S3).
**Seen**: folders on Linux; SFTP version 3 against asyncssh's own server, and S3 against a contract double
written from its API reference that checks every signature: the connector suite runs on both; S3 besides
against moto. **Unverified**: shares mounted from Windows, other SFTP servers, Amazon's and other makers' S3.

```yaml
format: 1
connector: files
name: exchange
store: sftp
auth: {user: secret:sftp_user, password: secret:sftp_password}
time_zone: Asia/Shanghai
resources:
  order:
    folder: in
    pattern: "order_*.csv"
    file: {as: csv, encoding: auto}
    columns:
      number: {from: 订单号, required: true}
      quantity: {from: 数量, type: number, required: true}
      due: {from: 交期, type: date}
    subject: item.number
operations:
  order.export:
    folder: out
    name: '"order_" + payload.number + ".csv"'
    rows: payload.lines
    file: {as: csv, encoding: gb18030}
    columns: {订单号: payload.number, 数量: line.quantity}
```

## The connection

| key | meaning |
|---|---|
"""

_RESOURCES: Final = """| `time_zone` | of times that say none (`UTC`) |
| `numbers` | `decimal` (`.` or `,`), `group` (`,` `.` `'` blank or `none`): how numbers are written |
| `dates` | patterns tried before the usual ones: `["dd.MM.yyyy"]` |
| `limits`, `timeouts` | `concurrency` (4); `connect_s` (10), `call_s` (30) |

An SFTP server is known by the fingerprint of its key (`ssh-keygen -lf`); with a wrong one the check shows the one it met.

## Files that are taken in (`resources`)

| key | meaning |
|---|---|
| `folder`, `pattern` | where files lie, and which: `*` and `?` |
| `quiet_s`, `marker` | a file is taken when nobody has changed it for so long (2), or when one of its name with this ending (`.ok`) lies beside it. Hidden files, `.part`, `.tmp` and `.filepart` are never taken |
| `file` | its shape, below |
| `columns` | name → type, with `!` where it must have a value; or `{from: heading, type: …, required: …}`. `from` is a heading, a number (without a header), or a path in a record (`head/number`, `@id`) |
| `subject` | what an event is about, over `item`, `file`, `row` |
| `id` | an event's own id: a row that comes again in another file is then known. Without it every file's rows are new |
| `after` | `archive` (`FOLDER/done`), `failed` (`FOLDER/failed`), or `delete: true` |
| `page`, `megabytes_max`, `interval_s` | rows at once (500), largest file (200), pause between looks (10) |
| `report` | `true`: the end of each file is an event, with its counts |
| `file_of` | name of the file that holds one record, over `id`: what `read` looks for |

| event | when | data |
|---|---|---|
| `NAME.RESOURCE.row` | a row was read | the columns, and `from_file` with `file`, `row`, `line` |
| `….row_failed` | a row cannot be read; the others go through | `line`, `field`, `problem` in both languages, `values` |
| `….file_failed` | the file cannot be read from here on | `line`, `rows` read before, `problem` |
| `….file_done` | with `report: true` | `rows`, `rows_failed` |

In a flow 同步流 rows are records: one that cannot be read is a dead letter that names its line, the end of a
file is none. A flow of large files is quickest with `page` and the flow's `batch` at 2000.

A file is taken by being renamed into `.taking/RESOURCE`. It goes to `archive` when the events of its last page are stored, and to
`failed` where anything was wrong, with `FILE.errors.csv` beside it. A crash anywhere in between repeats the page under
the same ids, which the hub knows. A file whose writer goes on after `quiet_s` is read again from its beginning.

## Files that are written (`operations`)

| key | meaning |
|---|---|
| `folder`, `name` | where, and a name over `payload` and `key`: it makes a repeat safe, so it should belong to the document |
| `rows` | a list: one row each, as `line`; without it one row |
| `columns` | heading → expression |
| `exists` | `refuse` (a file of that name with another content stays) or `replace` |
| `also_in` | folders where the other side puts what it has taken |
| `safety` | `natural_key` (the name); `none` where the other side deletes what it has taken, so nobody can tell any more |
| `document`, `number` | the written file as a document of this kind, with this number |
| `action: find` | looks for a file of that name instead; `columns` as above; answers `found`, `rows` (at most 1,000), `count`, `row` |

A file is written under a hidden name, synced, and appears in one step: nobody sees half of it. The same rows give the same bytes,
workbooks too.

## Shapes (`file`)

| key | meaning |
|---|---|
"""  # noqa: E501 - rows of tables

_TAIL: Final = """| `encoding` | `auto`: by its byte order mark, else UTF-8, else GB18030; or any codec. Written: UTF-8 |
| `delimiter`, `header`, `skip` | CSV: one character or `tab` (`,`); `true`; lines before the header (0) |
| `sheet` | Excel: its name; without it the first |
| `records`, `root` | JSON: path of the list (`data.orders`), without it the list or the one object that the file is. XML: name of a record's element, and of the outermost one in writing |

Numbers are exact decimals everywhere. A workbook's own numbers have 15 digits: longer ones are written as text. Files are read as a
stream (a workbook's table of texts excepted): 50 MB take no more memory than 1 MB. Cells with formulas give what was computed last;
XML with a document type is refused.

## What to know

- Two resources over one folder need patterns that do not overlap.
- One hub takes a resource's files at a time: sources are leased.
- The check cannot try the right to write on an SFTP server or a bucket without writing; the first file tells.
- In a bucket a folder is a prefix, and there is no renaming: a file is moved by a copy, which is marked as one, and a deletion. A
  move that broke off between the two is found by its mark and finished, so no file is taken twice. A written file appears in one
  step; that it does not replace another is asked for with the write (`If-None-Match`), servers that do not know that are asked before.
- S3 is spoken with its own signature (version 4); the hub's clock may not be more than 15 minutes off.
"""  # noqa: E501 - rows of tables


def page() -> str:
    """Return the page as Markdown."""
    settings = [f"| `store` | {_choices(STORES)} |"]
    settings += [settings_row(f"settings of `{store}`", SETTINGS[store]) for store in STORES]
    for store in ("sftp", "s3"):
        settings.append(f"| `auth` | for `{store}`: {_choices(AUTH[store])}, references to secrets |")
    shapes = [
        f"| `as` | {_choices(SHAPES)} |",
        f"| types of columns | {_choices(VALUE_TYPES)} |",
    ]
    return _HEAD + "\n".join(settings) + "\n" + _RESOURCES + "\n".join(shapes) + "\n" + _TAIL


def _choices(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
