"""Reserving what is there of a shipment, and leaving the rest to a shipment of its own.

Tryton's own way of sending a part: reserve what can be had, and where something is missing, take it out of
this shipment (the choice "ignore" of the window that opens for a person). Once the shipment is done, the sale
makes another one for what it still owes.
"""

from __future__ import annotations

from typing import Final

from lineshaft.base.errors import Refused
from lineshaft.base.text import text
from lineshaft.connectors.tryton.records import Records
from lineshaft.connectors.tryton.session import Sending, Session
from lineshaft.connectors.tryton.steps import Step, Steps

MODEL: Final = "stock.shipment.out"
_REACHED: Final = ("assigned", "picked", "packed", "shipped", "done")
TARGET: Final[tuple[tuple[Step, ...], tuple[str, ...]]] = (
    (Step("wait", {"draft"}), Step("assign_try", {"waiting"})),
    _REACHED,
)
"""The buttons that reserve all goods of a shipment, and the states that count as reserved."""
_WIZARD: Final = "wizard.stock.shipment.assign"


class Reserving:
    """Reserves goods for the shipments of one Tryton."""

    def __init__(self, session: Session, records: Records, steps: Steps) -> None:
        self._session = session
        self._records = records
        self._steps = steps

    async def assign_part(self, shipment: int, sending: Sending) -> bool:
        """Reserve what is there of a shipment and leave the rest to the next; tell whether it stood so.

        Raises:
            Refused: Nothing of it is there, or it stands in another state.
        """
        try:
            return await self._steps.walk(MODEL, shipment, *TARGET, sending)
        except Refused as refused:
            if refused.vendor_text != "waiting":
                raise
        left, anything = await self._records.unreserved_moves(shipment)
        if not anything:
            raise Refused(
                text(
                    "{system}: nothing of the goods of shipment {shipment} is in stock yet",
                    "{system}:发货单 {shipment} 的货物尚无库存",
                    system=self._session.system,
                    shipment=shipment,
                ),
                vendor_code="nothing_in_stock",
                vendor_text="waiting",
            )
        context = {"active_model": MODEL, "active_id": shipment, "active_ids": [shipment]}
        window, *_ = await self._session.write(f"{_WIZARD}.create", sending=sending, context=context)
        choice = [window, {"partial": {"moves": left}}, "ignore"]
        await self._session.write(f"{_WIZARD}.execute", *choice, sending=sending, context=context)
        await self._session.write(f"{_WIZARD}.delete", window, sending=sending, context=context)
        await self._steps.walk(MODEL, shipment, (), _REACHED, sending)
        return False
