"""The built-in functions: those of DMN 1.5 (10.3.4) and those that Camunda adds.

One module per group of the standard; each declares its functions in ``FUNCTIONS``. ``BUILTINS`` is all
of them by name. Nothing registers itself: this list is the one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lineshaft.feel.builtins import (
    camunda,
    contexts,
    conversion,
    lists,
    numeric,
    ranges,
    strings,
    temporals,
)
from lineshaft.feel.builtins.declaration import Builtin

BUILTINS: Final[Mapping[str, Builtin]] = {
    builtin.name: builtin
    for module in (conversion, strings, lists, numeric, temporals, ranges, contexts, camunda)
    for builtin in module.FUNCTIONS
}
