"""What people of the workshop do in a scenario: report by hand, finish rework, decide about bad pieces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lineshaft.app.demo.stage import Stage
from lineshaft.app.demo.stations import MES_PASSWORD, MES_USER


@dataclass(frozen=True, slots=True)
class Workshop:
    """The people, over one stage."""

    stage: Stage

    async def mes(self, method: str, path: str, body: object = None) -> Any:
        """Ask the MES, as the terminal beside a machine does."""
        token = self.stage.kept.get("mes_token")
        if token is None:
            login = {"username": MES_USER, "password": MES_PASSWORD}
            answer = await self.stage.factory.call("mes", "POST", "/mes/auth/login", login)
            token = self.stage.kept["mes_token"] = answer["accessToken"]
        bearer = f"Bearer {token}"
        answer = await self.stage.factory.call("mes", method, f"/mes/v1{path}", body, Authorization=bearer)
        return answer["data"]

    async def by_hand(self, *, by_hand: bool) -> None:
        """Let work orders to come be moved by people's reports alone, or by the machines themselves."""
        policy = {"production": "manual" if by_hand else "auto"}
        await self.stage.factory.admin("mes", "PUT", "/policy", policy)

    async def work(self, number: str) -> dict[str, Any]:
        """Return a work order by the ERP's number."""
        return dict(await self.mes("GET", f"/work-orders/{number}"))

    async def report(self, number: str, seq: int, key: str, **said: Any) -> None:
        """Report an operation; the same key is booked once."""
        body = {"operationSeq": seq, "reportKey": f"{number}/{key}", **said}
        await self.stage.insist(lambda: self.mes("POST", f"/work-orders/{number}/reports", body))

    async def reworks(self, number: str) -> list[dict[str, Any]]:
        """Return the rework orders of a work order."""
        return list(await self.mes("GET", f"/reworks?workOrderNo={number}"))

    async def reworked(self, rework_no: str, good: str) -> None:
        """Say that all of a rework order became good."""
        body = {"goodQty": good, "scrapQty": "0"}
        await self.stage.insist(lambda: self.mes("POST", f"/reworks/{rework_no}/finish", body))

    async def tasks(self, process: str) -> list[dict[str, Any]]:
        """Return the open tasks of a process in the hub's inbox."""
        found = (await self.stage.factory.hub("GET", "/tasks"))["items"]
        return [each for each in found if each["process_id"] == process]

    async def completed(self, form: str, said: Mapping[str, Any]) -> None:
        """Fill in the one task with a form, once it is there."""

        async def there() -> list[dict[str, Any]]:
            found = (await self.stage.factory.hub("GET", "/tasks"))["items"]
            return [each for each in found if each["form"] == form]

        (task,) = await self.stage.until(f"hub: task {form}", there)
        path = f"/tasks/{task['instance_id']}/{task['token']}/complete"
        await self.stage.insist(lambda: self.stage.factory.hub("POST", path, {"variables": dict(said)}))
