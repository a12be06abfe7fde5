"""Floor 2: business objects in the words of ISA-95, UBL and GS1.

Pure: no disk, no network.
"""

from lineshaft.canonical.master import Customer, Product
from lineshaft.canonical.money import exact, half_up, line_amount, split_tax
from lineshaft.canonical.reading import TYPES, completed, read_object, write_object
from lineshaft.canonical.trade import SalesOrder, SalesOrderLine, with_amounts

__all__ = [
    "TYPES",
    "Customer",
    "Product",
    "SalesOrder",
    "SalesOrderLine",
    "completed",
    "exact",
    "half_up",
    "line_amount",
    "read_object",
    "split_tax",
    "with_amounts",
    "write_object",
]
