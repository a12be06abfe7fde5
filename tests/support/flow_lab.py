"""The laboratory of the two-way flow: the simulated CRM, a MariaDB table, and people who edit on both sides.

What became of every edit is judged from the two systems' own histories, outside of the hub.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from lineshaft.app.system_clock import SystemClock
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.sql import SQL
from lineshaft.engine.releases import File
from lineshaft.sdk import Connector
from lineshaft.sdk.registry import Connection
from support import mariadb

FIELDS = ("name", "contact_name", "city", "phone")
COLUMNS = {"account_no": "NO", "name": "CNAME", "contact_name": "CONTACT", "city": "CITY", "phone": "PHONE"}
CRM = b"""format: 1
connector: http
name: crm
label: {zh: CRM, en: CRM}
settings: {base_url: {label: {zh: CRM, en: CRM}}}
limits: {concurrency: 16}
timeouts: {connect_s: 5, call_s: 10}
auth: {kind: bearer, token: "secret:crm_token"}
answers:
  success: status >= 200 and status < 300
  code: answer.error.code
  text: answer.error.message
  codes:
    {not_found: invalid, bad_request: invalid, rate_limited: rate_limited, unavailable: unavailable,
     internal: unknown}
check: {method: GET, path: /api/v1/accounts, query: {limit: 1}}
operations:
  account.update:
    method: PATCH
    path: /api/v1/accounts/{payload.key}
    body: payload.changed
    safety: {kind: natural_key}
    input: {key: string!, changed: context!}
resources:
  account:
    label: {zh: account, en: account}
    fields: {account_no: string!}
    read: {path: "/api/v1/accounts/{id}", record: answer}
    changes:
      path: /api/v1/changes
      query: {cursor: cursor, limit: page_size, type: '"account.created,account.updated"'}
      records: answer.items
      cursor: {next: answer.next_cursor, start: 0}
      paging: {size: 500}
      interval_s: 1
      event_types: [crm.account.changed]
      id: item.id
      type: '"crm.account.changed"'
      subject: item.subject
      occurred_at: item.time
      data: item.data
"""
TABLE = b"""format: 1
connector: sql
name: books
label: {zh: books, en: books}
database: {dialect: mariadb}
tables:
  customer:
    table: CUSTOMER
    writable: true
    key: [no]
    columns:
      no: {type: string, column: NO}
      name: {type: string, column: CNAME}
      contact: {type: string, column: CONTACT}
      city: {type: string, column: CITY}
      phone: {type: string, column: PHONE}
      rev: {type: number, column: REV}
operations:
  customer.save:
    table: customer
    action: upsert
    values:
      {no: payload.record.no, name: payload.record.name, contact: payload.record.contact,
       city: payload.record.city, phone: payload.record.phone}
    while:
      {name: payload.expected.name, contact: payload.expected.contact,
       city: payload.expected.city, phone: payload.expected.phone}
    safety: {kind: natural_key, columns: [no]}
resources:
  customer:
    table: customer
    id: no
    changes:
      cursor: rev
      overlap: 40
      page: 500
      id: 'item.no + "/" + string(item.rev)'
      type: '"books.customer.changed"'
      subject: item.no
"""
FLOW = b"""format: 1
allow:
  crm: {account: [account_no, name, contact_name, city, phone]}
  books: {customer: [no, name, contact, city, phone]}
flows:
  - name: customers
    label: {zh: customers, en: Customers}
    two_way: true
    object: customer
    from:
      {system: crm, poll: account, record: data.account, key: record.account_no, tells: changes,
       interval_s: 0.5, write: account.update}
    to:
      {system: books, poll: customer, key: record.no, read: books-in, map: books-out, interval_s: 0.5,
       write: customer.save}
    conflict: person
    due_within_s: 60
    batch: 500
    retry_gaps_s: [0.2, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
"""
BOOKS_IN = b"""format: 1
name: books-in
from: books.customer
to: crm.account
fields:
  account_no: record.no
  name: {value: record.name, nullable: true}
  contact_name: {value: record.contact, nullable: true}
  city: {value: record.city, nullable: true}
  phone: {value: record.phone, nullable: true}
"""
BOOKS_OUT = b"""format: 1
name: books-out
from: crm.account
to: books.customer
fields:
  no: record.account_no
  name: {value: record.name, nullable: true}
  contact: {value: record.contact_name, nullable: true}
  city: {value: record.city, nullable: true}
  phone: {value: record.phone, nullable: true}
"""
FILES = [
    File("flows", "customers.yaml", FLOW),
    File("mappings", "books-in.yaml", BOOKS_IN),
    File("mappings", "books-out.yaml", BOOKS_OUT),
]
_KEEP = (
    "FOR EACH ROW INSERT INTO HISTORY (NO, CNAME, CONTACT, CITY, PHONE)"
    " VALUES (NEW.NO, NEW.CNAME, NEW.CONTACT, NEW.CITY, NEW.PHONE)"
)
STATEMENTS = (
    "CREATE SEQUENCE REVS",
    "CREATE TABLE CUSTOMER (NO varchar(40) COLLATE utf8mb4_bin PRIMARY KEY, CNAME varchar(200),"
    " CONTACT varchar(100), CITY varchar(100), PHONE varchar(60), REV bigint NOT NULL DEFAULT 0, KEY (REV))",
    "CREATE TABLE HISTORY (SEQ bigint AUTO_INCREMENT PRIMARY KEY, NO varchar(40), CNAME varchar(200),"
    " CONTACT varchar(100), CITY varchar(100), PHONE varchar(60))",
    "CREATE TRIGGER made BEFORE INSERT ON CUSTOMER FOR EACH ROW SET NEW.REV = NEXTVAL(REVS)",
    "CREATE TRIGGER turned BEFORE UPDATE ON CUSTOMER FOR EACH ROW SET NEW.REV = NEXTVAL(REVS)",
    f"CREATE TRIGGER kept AFTER INSERT ON CUSTOMER {_KEEP}",
    f"CREATE TRIGGER kept_too AFTER UPDATE ON CUSTOMER {_KEEP}",
)


def connectors(crm_url: str, database: str) -> dict[str, Connector]:
    """Return the connectors of both systems."""
    clock = SystemClock()
    secret = {"crm_token": "crm-demo-token"}.__getitem__
    there = mariadb.server()
    address = {"host": there.host, "port": there.port, "user": there.user}
    settings = {**address, "database": database, "tls": "off"}
    return {
        "crm": HTTP.read(CRM, "crm.yaml").connect(Connection("crm", {"base_url": crm_url}, secret, clock)),
        "books": SQL.read(TABLE, "books.yaml").connect(Connection("books", settings, secret, clock)),
    }


@dataclass
class Edit:
    """What a person has changed."""

    side: str
    key: str
    name: str
    value: str


@dataclass
class FlowLab:
    """Both systems, their people, and the judge."""

    crm_url: str
    admin_url: str
    seed: int
    customers: int
    database: str = field(default_factory=lambda: f"flows_{secrets.token_hex(4)}")
    edits: list[Edit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    async def open(self) -> None:
        """Make the table, fill the CRM, and open what people use."""
        self.pool = await mariadb.server().pool(2)
        await self.sql(f"CREATE DATABASE {self.database}")
        for statement in STATEMENTS:
            await self.sql(statement)
        self.http = aiohttp.ClientSession(headers={"Authorization": "Bearer crm-demo-token"})
        rows = [self._customer(number) for number in range(self.customers)]
        for start in range(0, len(rows), 1000):
            await self.crm("POST", "import/accounts", {"rows": rows[start : start + 1000]})

    def _customer(self, number: int) -> dict[str, Any]:
        return {
            "account_no": f"T-{number:05}",
            "name": f"客户 {number}",
            "contact_name": f"contact {number}",
            "city": self.chance.choice(("上海", "Wuxi", "Ningbo")),
            "phone": f"021-{number:06}",
        }

    async def close(self) -> None:
        """Drop what was made."""
        await self.http.close()
        await self.sql(f"DROP DATABASE {self.database}", use=False)
        self.pool.close()
        await self.pool.wait_closed()

    async def sql(self, statement: str, *values: Any, use: bool = True) -> list[tuple[Any, ...]]:
        """Run a statement as a person at the database would."""
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            if use and not statement.startswith("CREATE DATABASE"):
                await cursor.execute(f"USE {self.database}")
            await cursor.execute(statement, values or None)
            return list(await cursor.fetchall())

    async def crm(self, method: str, path: str, body: Any = None) -> Any:
        """Call the CRM as a person's screen would, until it answers."""
        while True:
            try:
                async with self.http.request(method, f"{self.crm_url}/api/v1/{path}", json=body) as answer:
                    if answer.status < 300:
                        return await answer.json()
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)

    async def fault(self, **spec: Any) -> None:
        """Let the CRM misbehave towards the hub."""
        headers = {"Authorization": "Bearer plantbox-admin"}
        async with self.http.post(f"{self.admin_url}/admin/faults", json=spec, headers=headers) as answer:
            assert answer.status < 300, await answer.text()

    async def calm(self) -> None:
        """No more faults."""
        headers = {"Authorization": "Bearer plantbox-admin"}
        async with self.http.delete(f"{self.admin_url}/admin/faults", headers=headers) as answer:
            assert answer.status < 300, await answer.text()

    async def edit(self, *, hot: bool) -> None:
        """Let somebody change a field somewhere; ``hot``: of one of a few customers."""
        side = self.chance.choice(("crm", "books"))
        number = self.chance.randrange(max(3, self.customers // 100) if hot else self.customers)
        name = self.chance.choice(FIELDS)
        edit = Edit(side, f"T-{number:05}", name, f"{side}-{len(self.edits)}")
        if side == "crm":
            await self.crm("PATCH", f"accounts/{edit.key}", {name: edit.value})
            self.edits.append(edit)
            return
        statement = f"UPDATE CUSTOMER SET {COLUMNS[name]} = %s WHERE NO = %s"
        await self.sql(statement, edit.value, edit.key)
        self.edits.append(edit)

    # -- judging -------------------------------------------------------------------------------------------

    async def records(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return both systems' customers, asked outside of the hub."""
        found: dict[str, Any] = {}
        cursor = "0"
        while cursor is not None:
            page = await self.crm("GET", f"accounts?limit=2000&cursor={cursor}")
            found |= {each["account_no"]: tuple(each[name] for name in FIELDS) for each in page["items"]}
            cursor = page["next_cursor"]
        rows = await self.sql("SELECT NO, CNAME, CONTACT, CITY, PHONE FROM CUSTOMER")
        return {key: row for key, row in found.items() if key.startswith("T-")}, {
            row[0]: row[1:] for row in rows
        }

    async def _histories(self) -> dict[str, dict[tuple[str, str], list[Any]]]:
        """Return the values that each field of each customer has had, in order, by side."""
        histories: dict[str, dict[tuple[str, str], list[Any]]] = {
            "crm": defaultdict(list),
            "books": defaultdict(list),
        }
        self.calls = 0

        def note(side: str, key: str, values: tuple[Any, ...]) -> None:
            for name, value in zip(FIELDS, values, strict=True):
                had = histories[side][key, name]
                if not had or had[-1] != value:
                    had.append(value)

        cursor = "0"
        while True:
            page = await self.crm(
                "GET", f"changes?limit=2000&cursor={cursor}&type=account.created,account.updated"
            )
            for each in page["items"]:
                account = each["data"]["account"]
                self.calls += each["type"] == "account.updated"
                note("crm", account["account_no"], tuple(account[name] for name in FIELDS))
            if not page["items"]:
                break
            cursor = page["next_cursor"]
        for row in await self.sql("SELECT NO, CNAME, CONTACT, CITY, PHONE FROM HISTORY ORDER BY SEQ"):
            note("books", row[0], row[1:])
        return histories

    async def judge(self, decisions: dict[str, dict[str, Any]]) -> Counter[str]:
        """Compare both systems, and find out what became of every edit; ``decisions`` are the hub's own.

        Raises:
            AssertionError: Two records differ and nobody is asked, or an edit is lost.
        """
        crm, books = await self.records()
        figures: Counter[str] = Counter(customers=len(crm), edits=len(self.edits), decisions=len(decisions))
        assert crm.keys() == books.keys(), "not every customer is on both sides"
        for key, left in crm.items():
            named = decisions.get(key, {})
            for name, one, two in zip(FIELDS, left, books[key], strict=True):
                if one != two:
                    assert name in named, f"{key}.{name}: {one!r} and {two!r}, and nobody is asked"
                    shown = {named[name]["crm"], named[name]["books"]}
                    assert shown == {one, two}, (
                        f"{key}.{name}: {one!r}, {two!r}, but the decision names {shown}"
                    )
            figures["equal"] += left == books[key]
        histories = await self._histories()
        by_people = {edit.value for edit in self.edits}
        for edit in self.edits:
            figures[self._fate(edit, histories, by_people, decisions)] += 1
        changes = sum(len(had) - 1 for side in histories.values() for had in side.values())
        figures["writes that changed something"] = changes - len(self.edits)
        figures["lost"] += 0
        assert not figures["lost"], f"{figures['lost']} edits are lost"
        return figures

    def _fate(
        self,
        edit: Edit,
        histories: dict[str, dict[tuple[str, str], list[Any]]],
        by_people: set[str],
        decisions: dict[str, dict[str, Any]],
    ) -> str:
        place = edit.key, edit.name
        other = "books" if edit.side == "crm" else "crm"
        if edit.value in histories[other][place]:
            return "carried over"
        shown = decisions.get(edit.key, {}).get(edit.name, {})
        if edit.value in (
            shown.get("crm"),
            shown.get("books"),
            *(e["value"] for e in shown.get("covered", ())),
        ):
            return "named by a decision"
        own = histories[edit.side][place]
        after = own[own.index(edit.value) + 1 :] if edit.value in own else []
        if after and after[0] in by_people and after[0].startswith(edit.side):
            return "changed again on the same side"
        print(f"lost: {edit}, own {own}, other {histories[other][place]}, {json.dumps(shown)}")
        return "lost"
