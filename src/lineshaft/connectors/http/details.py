"""One record of a list, read in full by a request of its own."""

from __future__ import annotations

from typing import Any

from lineshaft.base.errors import ConnectorError
from lineshaft.connectors.http.calling import Asked, Caller
from lineshaft.connectors.http.expressions import Names
from lineshaft.connectors.http.model import DetailRule


async def detail_of(caller: Caller, rule: DetailRule, names: Names, asked: Asked) -> Any:
    """Return the record; ``None``: it was deleted between the list and this.

    Raises:
        ConnectorError: It could not be read.
        ExpressionError: The answer is not as declared.
    """
    try:
        found, _ = await caller.judged(rule.request, rule.answers, names, asked)
    except ConnectorError as error:
        # The next reading of the list does not have it either.
        if rule.missing is None and error.vendor_code in ("404", "410"):
            return None
        raise
    if rule.missing is not None and rule.missing.lenient(found) is True:
        return None
    return rule.record.value(found) if rule.record is not None else found["answer"]
