"""The reference page of the Tryton connector, written from its declaration. Pure."""

from __future__ import annotations

from typing import Final

from lineshaft.base.text import Text
from lineshaft.connectors.tryton.declaration import OPERATIONS, RESOURCES, SERIES, make_spec
from lineshaft.sdk.spec import FieldSpec

_HEAD: Final = f"""# Tryton (`connector: tryton`)

Tryton is an open-source ERP (GPL-3). It runs as a server of its own; the hub speaks its JSON-RPC and contains
nothing of it. **Seen** on a real Tryton {SERIES} with the modules `sale`, `sale_discount`, `sale_supply_production`,
`production`, `account_invoice_stock` (on SQLite): every operation and resource below is tried there by
`tests/integration/connectors/test_tryton.py`. **Unverified**: other series, and modules that ask for more
fields (such as `production_work`, `sale_shipment_cost`, `account_credit_limit`).

```yaml
format: 1
connector: tryton
name: erp
label: {{zh: Tryton, en: Tryton}}
auth: {{user: secret:tryton_user, password: secret:tryton_password}}
price_digits: 6
changes: {{interval_s: 2, overlap_s: 60}}
warnings: {{accept: ["effective_date_future"]}}
```

| key | meaning |
|---|---|
| settings of the connection | `base_url`, `database` |
| `auth` | `user`, `password`: references to secrets. The user needs a company in its preferences, and rights for sales, stock and production |
| `price_digits` | how many digits a price has in this Tryton (4; its own `product.price_decimal`) |
| `warnings.accept` | names of Tryton's questions ("are you sure?") that are answered with yes, `*` for any characters; any other is the business "no" |
| `changes` | `interval_s` (5), `overlap_s` (60: how late a transaction may commit) |
| `limits`, `timeouts` | `concurrency` (4); `connect_s` (5), `keep_alive_s` (4) |

## Operations
"""  # noqa: E501 - rows of a table

_TAIL: Final = """
`sale.save` takes `document`: `reference` (our number), `party`, `currency`, `sale_date`, `description`, `lines`
with `line` (our line number), `product`, `quantity`, `unit_price`, `base_price` (before a discount), `amount`;
and `follows`, the document it comes from (`crm/sales_order/SO-1`). A party or product is found by its own code
or by an identifier of it, which is where another system's number belongs. `party.save` takes `outer_code`, `name`,
`code`, `street`, `city`; `product.save` takes `outer_code`, `name`, `code`, `list_price`, `unit` (a symbol).

## What to know

- **A repeat is safe by our number.** Tryton knows no idempotency key. A sale is looked for by `reference` before
  it is made, and after a lost answer. A sale of that number that is not confirmed yet is brought into line; one
  that is confirmed and differs is refused. A cancelled sale gives its number free.
- **Amounts are checked before anything is written.** Tryton computes `quantity × unit_price` and rounds half to
  even. With `amount` given, a line must come to it: where the exact product lies between two cents, the price
  moves by one unit of its last digit; where that does not help, the call is invalid and nothing was sent.
- **A step says where the record stands.** Tryton passes over a record, silently, whose state a button does not
  fit. So the state is read after each step, and a step that did not lead there is refused with the state it found.
- **Confirming is slow** (about one a second and Tryton) and takes table locks: the connector makes one step at a
  time. A lock that cannot be had is HTTP 503; nothing has happened, and the call is made again later.
- **Tryton tells nothing by itself.** Changes are polled by `write_date`, from an overlap before the last one,
  and told once each. The first reading begins an overlap before the newest change. A line that is changed
  outside of its sale's form does not stamp the sale.
- **A part of a shipment** goes by `shipment.assign_part`: it reserves what is there and takes the rest out of
  this shipment; once that is done, Tryton makes another for the rest. Where nothing is there it is refused. Each
  line of a shipment tells what is `reserved`, and whether it is still `expected` from a production or purchase.
- **Documents** go by Tryton's numbers, as other systems name them: a production is a work order, a shipment a
  dispatch notice and, once it is done, a delivery. A production without a number yet (a request) is none.
- Units are the product's own; prices are without tax; dates and times are UTC.
"""  # noqa: E501 - as long as the other pages' lines


def page() -> str:
    """Return the page as Markdown."""
    lines = [_HEAD, "| operation | takes | gives | safety |", "|---|---|---|---|"]
    for each in OPERATIONS:
        safety = "reads only" if each.reads_only else f"`{each.safety}`"
        takes, gives = _fields(each.input), _fields(each.output)
        lines.append(f"| `{each.name}`: {_both(each.label)} | {takes} | {gives} | {safety} |")
    lines += ["\n## Resources and their events\n", "| resource | fields | events |", "|---|---|---|"]
    spec = make_spec("erp", Text("Tryton", "Tryton"), SERIES, 1, 1.0)
    for resource, trigger in zip(RESOURCES, spec.triggers, strict=True):
        events = ", ".join(f"`{name.rpartition('.')[2]}`" for name in trigger.event_types)
        lines.append(
            f"| `{resource.name}`: {_both(resource.label)} | {_fields(resource.fields)} "
            f"| `NAME.{resource.name}.STATE`: {events} |"
        )
    return "\n".join(lines) + "\n" + _TAIL


def _both(label: Text) -> str:
    return f"{label.in_language('en')} {label.in_language('zh')}"


def _fields(fields: tuple[FieldSpec, ...]) -> str:
    return ", ".join(f"`{field.name}`{'' if field.required else '?'}" for field in fields)
