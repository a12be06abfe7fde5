"""The ERP's tables of purchasing: suppliers and their prices, requisitions, orders, receipts, invoices."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS supplier (
  no TEXT PRIMARY KEY, name TEXT NOT NULL, outer_code TEXT UNIQUE, status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS purchase_price (
  material_no TEXT NOT NULL, supplier_no TEXT NOT NULL REFERENCES supplier (no), price TEXT NOT NULL,
  tax_rate TEXT NOT NULL, PRIMARY KEY (material_no, supplier_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS purchase_requisition (
  bill_no TEXT PRIMARY KEY, source_system TEXT NOT NULL, source_bill_no TEXT NOT NULL, reason TEXT,
  lines TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (source_system, source_bill_no));
CREATE TABLE IF NOT EXISTS purchase_order (
  bill_no TEXT PRIMARY KEY, source_system TEXT, source_bill_no TEXT, requisition_no TEXT,
  supplier_no TEXT NOT NULL REFERENCES supplier (no), status TEXT NOT NULL, progress TEXT NOT NULL,
  external_no TEXT, amount TEXT NOT NULL, tax_amount TEXT NOT NULL, all_amount TEXT NOT NULL,
  currency TEXT NOT NULL, org_no TEXT NOT NULL, bill_date TEXT NOT NULL, posting_date TEXT, remark TEXT,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS purchase_source ON purchase_order (source_bill_no);
CREATE TABLE IF NOT EXISTS purchase_line (
  order_no TEXT NOT NULL REFERENCES purchase_order (bill_no), line_no INTEGER NOT NULL, source_line_no TEXT,
  material_no TEXT NOT NULL REFERENCES material (no), unit TEXT NOT NULL, qty TEXT NOT NULL,
  price TEXT NOT NULL, tax_rate TEXT NOT NULL, amount TEXT NOT NULL, tax_amount TEXT NOT NULL,
  all_amount TEXT NOT NULL, need_date TEXT, received TEXT NOT NULL, invoiced TEXT NOT NULL,
  PRIMARY KEY (order_no, line_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS purchase_receipt (
  bill_no TEXT PRIMARY KEY, order_no TEXT NOT NULL REFERENCES purchase_order (bill_no),
  external_key TEXT NOT NULL UNIQUE, lines TEXT NOT NULL, posted_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS purchase_receipt_order ON purchase_receipt (order_no);
CREATE TABLE IF NOT EXISTS purchase_invoice (
  bill_no TEXT PRIMARY KEY, order_no TEXT NOT NULL REFERENCES purchase_order (bill_no),
  supplier_no TEXT NOT NULL, invoice_no TEXT NOT NULL, external_key TEXT NOT NULL UNIQUE,
  amount TEXT NOT NULL, tax_amount TEXT NOT NULL, all_amount TEXT NOT NULL, lines TEXT NOT NULL,
  status TEXT NOT NULL, payment_no TEXT, posted_at TEXT NOT NULL, paid_at TEXT, reverses TEXT, reason TEXT);
CREATE INDEX IF NOT EXISTS purchase_invoice_order ON purchase_invoice (order_no);
CREATE UNIQUE INDEX IF NOT EXISTS purchase_invoice_once ON purchase_invoice (supplier_no, invoice_no)
  WHERE status IN ('Posted', 'Paid');
"""
SUPPLIERS = (
    ("V-3001", "澜石钢构件有限公司", "GYS-001"),
    ("V-3002", "朔原摩擦材料有限公司", "GYS-002"),
    ("V-3003", "青汀化工辅料有限公司", "GYS-003"),
    ("V-3004", "云坪五金件有限公司", "GYS-004"),
)
"""Number, name, and the number under which the portal for suppliers knows it."""
PRICES = (
    ("GB-F2", "V-3001", "8.0000"),
    ("GB-R2", "V-3001", "6.6000"),
    ("GB-C3", "V-3001", "18.5000"),
    ("MCL-N1", "V-3002", "21.0000"),
    ("MCL-C1", "V-3002", "51.0000"),
    ("JJ-01", "V-3003", "76.0000"),
    ("QM-01", "V-3003", "27.0000"),
    ("BX-A300", "V-3004", "11.5000"),
)
"""Model, supplier, price without tax."""
PROGRESS = {
    "Created": ("已创建", "Created"),
    "Confirmed": ("供应商已确认", "Confirmed by the supplier"),
    "Shipped": ("已发货", "Shipped"),
    "PartlyReceived": ("部分收货", "Partly received"),
    "Received": ("已收货", "Received"),
    "Invoiced": ("已开票", "Invoiced"),
    "Paid": ("已付款", "Paid"),
    "Declined": ("供应商拒绝", "Declined by the supplier"),
    "Cancelled": ("已作废", "Cancelled"),
}
