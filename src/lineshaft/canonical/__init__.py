"""Floor 2: business objects in the words of ISA-95, UBL and GS1.

Pure: no disk, no network. ``TYPES`` has all of them by name; each stands in the file of its subject.
"""

from lineshaft.canonical.extended import Extended, Posted, Sourced
from lineshaft.canonical.master import Customer, Product, Supplier
from lineshaft.canonical.money import exact, half_up, line_amount, split_tax
from lineshaft.canonical.reading import TYPES, completed, read_object, write_object
from lineshaft.canonical.trade import SalesOrder, SalesOrderLine, with_amounts

__all__ = [
    "TYPES",
    "Customer",
    "Extended",
    "Posted",
    "Product",
    "SalesOrder",
    "SalesOrderLine",
    "Sourced",
    "Supplier",
    "completed",
    "exact",
    "half_up",
    "line_amount",
    "read_object",
    "split_tax",
    "with_amounts",
    "write_object",
]
