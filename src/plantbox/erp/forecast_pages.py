"""The ERP's page of forecasts: what is expected of each material, and of whom."""

from __future__ import annotations

from decimal import Decimal

from aiohttp import web

from plantbox.erp import forecast
from plantbox.erp.html import LINE_WORDS, grid, language, word
from plantbox.erp.pages import ROWS, Pages

OUTLOOK_KEYS = ("material", "name", "forecast", "weighted", "available", "short")
KEYS = ("code", "source", "customer", "chance", "material", "name", "qty", "need_on", "status", "closed_why")


class ForecastPages:
    """The page, in the frame of the ERP's other pages."""

    def __init__(self, front: Pages) -> None:
        self._front = front
        self._station = front.station

    def table(self) -> list[web.RouteDef]:
        """Return the page's route."""
        return [web.get("/ui/forecasts", self.forecasts, name="page.forecasts")]

    async def forecasts(self, request: web.Request) -> web.Response:
        """Show the outlook, and below it the newest forecasts."""
        lang = language(request)
        reader = self._station.db.reader
        outlook = (
            (
                row["MaterialNo"],
                f"{row['Model'] or ''} {row['MaterialName']}",
                *(_number(row[key]) for key in ("ForecastQty", "WeightedQty", "AvailableQty", "ShortQty")),
            )
            for row in forecast.outlook(reader)
        )
        rows = (
            (
                view["BillNo"],
                view["SourceNo"],
                view["CustomerNo"],
                view["Chance"],
                line["MaterialNo"],
                f"{line['Model'] or ''} {line['MaterialName']}",
                _number(line["Qty"]),
                view["NeedDate"],
                LINE_WORDS[view["Status"]][0 if lang == "zh" else 1],
                view["Reason"],
            )
            for view in forecast.newest(reader, None, ROWS)
            for line in view["Lines"]
        )
        body = grid(lang, OUTLOOK_KEYS, outlook) + grid(lang, KEYS, rows)
        return self._front.page(request, word("forecasts", lang), body)


def _number(value: str) -> str:
    return f"{Decimal(value):,}"
