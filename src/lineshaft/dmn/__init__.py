"""Floor 3: decision tables and models of DMN 1.1 to 1.5 on FEEL.

Pure; ``load(path)`` is the named exemption, workbooks come and go as bytes.
"""

from __future__ import annotations

from lineshaft.dmn.errors import InvalidModel
from lineshaft.dmn.evaluation import Result
from lineshaft.dmn.loading import load, loads
from lineshaft.dmn.model import Model

__all__ = [
    "InvalidModel",
    "Model",
    "Result",
    "load",
    "loads",
]
