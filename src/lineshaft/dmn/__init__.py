"""Floor 3: decision tables and models of DMN 1.1 to 1.5 on FEEL.

Pure; ``load(path)`` is the named exemption, workbooks come and go as bytes.
"""

from __future__ import annotations

from lineshaft.dmn.comparison import Change, compare
from lineshaft.dmn.coverage import analyse
from lineshaft.dmn.edge import check, evaluate_json, to_json
from lineshaft.dmn.errors import InvalidModel
from lineshaft.dmn.evaluation import Result
from lineshaft.dmn.loading import document_of, load, loads, namespace_of
from lineshaft.dmn.model import Model
from lineshaft.dmn.workbook import tables_from_workbook, tables_of, to_workbook
from lineshaft.dmn.writer import to_xml, with_tables

__all__ = [
    "Change",
    "InvalidModel",
    "Model",
    "Result",
    "analyse",
    "check",
    "compare",
    "document_of",
    "evaluate_json",
    "load",
    "loads",
    "namespace_of",
    "tables_from_workbook",
    "tables_of",
    "to_json",
    "to_workbook",
    "to_xml",
    "with_tables",
]
