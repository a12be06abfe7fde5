"""Brings an ERP's file of an earlier version up to this one."""

from __future__ import annotations

import sqlite3

from plantbox.erp import purchase_tables


def lift(connection: sqlite3.Connection) -> None:
    """Add what the file lacks; one of this version stays as it is."""
    if "un_audits" not in _columns(connection, "sales_order"):
        connection.execute("ALTER TABLE sales_order ADD COLUMN un_audits INTEGER NOT NULL DEFAULT 0")
    for name in ("tax_no", "phone", "payment_terms"):
        if name not in _columns(connection, "customer"):
            connection.execute(f"ALTER TABLE customer ADD COLUMN {name} TEXT")
    if "reverses" not in _columns(connection, "purchase_invoice"):
        _renew_invoices(connection)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}


def _renew_invoices(connection: sqlite3.Connection) -> None:
    """Make the table anew: a number was once for ever, now it is free again after a reversal."""
    connection.execute("ALTER TABLE purchase_invoice RENAME TO former_invoice")
    for name in ("purchase_invoice_order", "purchase_invoice_once"):
        connection.execute(f"DROP INDEX IF EXISTS {name}")
    for statement in purchase_tables.TABLES.split(";\n"):
        if "purchase_invoice" in statement:
            connection.execute(statement)
    connection.execute("INSERT INTO purchase_invoice SELECT *, NULL, NULL FROM former_invoice")
    connection.execute("DROP TABLE former_invoice")
