"""Steps from state to state: pressing a button of Tryton and looking whether it has worked.

Tryton leaves records out, silently, whose state a button does not fit, so the state is read afterwards,
always. A question ("are you sure?") is answered with yes where the manifest says so; otherwise it is the
business "no".
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from lineshaft.base.errors import Refused
from lineshaft.base.text import text
from lineshaft.connectors.tryton.manifest import TrytonManifest
from lineshaft.connectors.tryton.session import Sending, Session, Warned

_QUESTIONS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One button: where it is pressed and where it leads."""

    button: str
    before: Collection[str]
    """The states it is pressed in; in any other state nothing is done."""


class Steps:
    """Presses buttons of one Tryton, one at a time: parallel confirmations meet each other's table locks."""

    def __init__(self, session: Session, manifest: TrytonManifest) -> None:
        self._session = session
        self._manifest = manifest
        self._turn = asyncio.Lock()

    async def state(self, model: str, record: int) -> str:
        """Return the state that a record is in.

        Raises:
            Refused: There is no such record.
        """
        rows = await self._session.search(model, [["id", "=", record]], ["state"])
        if not rows:
            raise Refused(
                text(
                    "{system} has no {model} {record}",
                    "{system} 中没有 {model} {record}",
                    system=self._session.system,
                    model=model,
                    record=record,
                ),
                vendor_code="not_found",
            )
        return str(rows[0]["state"])

    async def walk(
        self, model: str, record: int, steps: Collection[Step], reached: Collection[str], sending: Sending
    ) -> bool:
        """Press one button after the other until a state of ``reached``; tell whether it stood there before.

        Raises:
            Refused: It could not be reached; tells the state in which it stands.
        """
        async with self._turn:
            state = await self.state(model, record)
            if state in reached:
                return True
            for step in steps:
                if state in step.before:
                    await self.press(model, record, step, sending)
                    state = await self.state(model, record)
                    if state in reached:
                        return False
        raise Refused(
            text(
                "{system}: {model} {record} stands in the state {state}; expected {wanted}",
                "{system}:{model} {record} 的状态为 {state},应为 {wanted}",
                system=self._session.system,
                model=model,
                record=record,
                state=state,
                wanted=sorted(reached)[0] if len(reached) == 1 else " / ".join(sorted(reached)),
            ),
            vendor_code=f"state:{state}",
            vendor_text=state,
        )

    async def press(self, model: str, record: int, step: Step, sending: Sending) -> None:
        """Press a button once, and once more for every question that may be answered with yes."""
        method = f"model.{model}.{step.button}"
        for _ in range(_QUESTIONS_MAX):
            try:
                await self._session.write(method, [record], sending=sending)
                return
            except Warned as question:
                if not self._manifest.accepts(question.kind):
                    raise Refused(
                        text(
                            "{system} asks: {words}",
                            "{system} 提示:{words}",
                            system=self._session.system,
                            words=question.words,
                        ),
                        vendor_code=f"UserWarning:{question.kind}",
                        vendor_text=question.words,
                        hint=text(
                            "name it under warnings.accept in the manifest to let it pass",
                            "如允许,请在清单的 warnings.accept 中列出",
                        ),
                    ) from None
                answer = {"user": self._session.user_id, "name": question.name, "always": False}
                await self._session.write("model.res.user.warning.create", [answer], sending=sending)
        raise Refused(
            text("{system} asks without end", "{system} 反复提示", system=self._session.system),
            vendor_code="UserWarning",
        )
