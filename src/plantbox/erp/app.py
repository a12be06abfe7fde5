"""Puts the ERP together: tables, master data, methods, pages, and what time makes due."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from decimal import Decimal

from aiohttp import web

from plantbox import firm
from plantbox.accounts import ACCOUNT_TABLES
from plantbox.database import get_meta, set_meta
from plantbox.erp import (
    credit,
    customer_pages,
    customers,
    dispatch,
    earlier,
    forecast,
    forecast_pages,
    masters,
    methods,
    pages,
    purchase_pages,
    purchase_tables,
    returns,
    shipping,
    shop_pages,
    shop_tables,
    upkeep,
    variance,
)
from plantbox.erp.policy import Policy
from plantbox.erp.tables import TABLES
from plantbox.face import Face
from plantbox.fields import parse_object
from plantbox.station import Common, Station, open_station
from plantbox.supplies import Mornings, deliveries

COUNTED = {
    "customers": "SELECT count(*) FROM customer",
    "materials": "SELECT count(*) FROM material",
    "orders": "SELECT count(*) FROM sales_order",
    "order_lines": "SELECT count(*) FROM order_line",
    "deliveries": "SELECT count(*) FROM delivery",
    "plans": "SELECT count(*) FROM plan",
    "work_orders": "SELECT count(*) FROM work_order",
    "returns": "SELECT count(*) FROM sales_return",
    "notices": "SELECT count(*) FROM dispatch_notice",
    "purchase_orders": "SELECT count(*) FROM purchase_order",
    "purchase_invoices": "SELECT count(*) FROM purchase_invoice",
    "forecasts": "SELECT count(*) FROM forecast",
    "changes": "SELECT count(*) FROM change",
    "writes": "SELECT count(*) FROM audit",
}


@dataclass(frozen=True, slots=True)
class ErpOptions:
    """What is the ERP's own on the command line."""

    app_id: str = "erp-app"
    app_secret: str = "erp-demo-secret"  # noqa: S105 - the sandbox's published demo secret
    policy: Policy = field(default_factory=Policy)
    idempotency: bool = True


def build(common: Common, options: ErpOptions) -> tuple[Face, Station]:
    """Open the ERP's ground and return its face."""
    tables = TABLES + shop_tables.TABLES + purchase_tables.TABLES + ACCOUNT_TABLES
    tables += upkeep.TABLES + variance.TABLES + returns.TABLES + forecast.TABLES
    tables += customers.TABLES + credit.TABLES
    station = open_station(common, "erp", tables)
    station.db.setup(earlier.lift)
    station.db.setup(lambda connection: _seed(connection, station.clock.text(), empty=common.empty))
    office = masters.Office(station.clock, options.policy, common.seed)
    station.db.setup(lambda connection: _seed_purchasing(connection, empty=common.empty))
    api = methods.Methods(
        station, office, methods.Access(options.app_id, options.app_secret, options.idempotency)
    )
    front = pages.Pages(station, office)
    shop = shop_pages.ShopPages(front)

    mornings = Mornings(station.clock.now())

    async def due() -> None:
        """Take in what suppliers bring, finish plans and ship, portion by portion."""
        if not common.empty and mornings.has_come(station.clock.now()):
            await station.db.write(_supply)
        while shipping.anything_due(station.db.reader, station.clock.text()):
            await station.db.write(lambda connection: shipping.run_due(connection, office, dispatch.leave))

    face = Face(
        name="erp",
        routes=[
            web.post("/ErpService/{method}", api.call, name="method"),
            *front.table(),
            *shop.table(),
            *customer_pages.CustomerPages(front).table(),
            *forecast_pages.ForecastPages(front).table(),
            *purchase_pages.PurchasePages(front).table(),
        ],
        admin_routes=[
            web.get("/admin/policy", lambda _: _policy(options.policy)),
            web.put("/admin/policy", lambda request: _set_policy(options.policy, request)),
        ],
        operation=_operation,
        failure=methods.failure,
        inner_error=methods.inner_error,
        code_field="MaterialNo",
        main_write="SalesOrder.Save",
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=[],
        due=due,
    )
    return face, station


def _supply(connection: sqlite3.Connection) -> None:
    if masters.running_count(connection) is not None:
        return
    for no, qty in deliveries(lambda code: masters.stock_of(connection, code)[0]):
        masters.move_stock(connection, no, on_hand=qty, reserved=Decimal(0))


def _operation(request: web.Request) -> str:
    return request.match_info.get("method") or request.match_info.route.name or "unknown"


async def _policy(policy: Policy) -> web.Response:
    return web.json_response(policy.view())


async def _set_policy(policy: Policy, request: web.Request) -> web.Response:
    policy.set(parse_object(await request.read()))
    return web.json_response(policy.view())


def _seed(connection: sqlite3.Connection, now: str, *, empty: bool) -> None:
    if get_meta(connection, "seeded") is not None:
        return
    set_meta(connection, "seeded", now)
    if empty:
        return
    connection.executemany(
        "INSERT INTO customer (no, name, outer_code, city, credit_limit, status, modified_at)"
        " VALUES (?, ?, ?, ?, ?, 'Active', ?)",
        [
            (f"C-{10000 + b.number}", b.name, f"KH-{b.number:04d}", b.city, b.limit, now)
            for b in firm.BUYERS
            if b.coded
        ],
    )
    goods = [good for good in firm.GOODS if good.coded]
    numbers = {good.model: f"M-{20000 + good.number}" for good in goods}
    connection.executemany(
        "INSERT INTO material (no, name, model, outer_code, unit, price, tax_rate, lead_days, modified_at)"
        " VALUES (?, ?, ?, ?, ?, ?, '13', ?, ?)",
        [(numbers[g.model], g.name, g.model, g.model, g.unit, g.price, g.lead, now) for g in goods],
    )
    connection.executemany(
        "INSERT INTO stock (material_no, on_hand, reserved) VALUES (?, ?, '0')",
        [(numbers[good.model], good.stock) for good in goods],
    )
    connection.executemany(
        "INSERT INTO bom_line (parent_no, line_no, child_no, qty) VALUES (?, ?, ?, ?)",
        [
            (numbers[parent], index, numbers[child], qty)
            for parent, children in firm.BOM.items()
            for index, (child, qty) in enumerate(children, start=1)
        ],
    )


def _seed_purchasing(connection: sqlite3.Connection, *, empty: bool) -> None:
    if empty or get_meta(connection, "purchasing") is not None:
        return
    set_meta(connection, "purchasing", "yes")
    connection.executemany(
        "INSERT INTO supplier (no, name, outer_code, status) VALUES (?, ?, ?, 'Active')",
        purchase_tables.SUPPLIERS,
    )
    connection.executemany(
        "INSERT INTO purchase_price (material_no, supplier_no, price, tax_rate)"
        " SELECT no, ?, ?, '13' FROM material WHERE model = ?",
        [(supplier, price, model) for model, supplier, price in purchase_tables.PRICES],
    )
