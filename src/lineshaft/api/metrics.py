"""The page of metrics for Prometheus: ``GET /metrics``, for whoever may see systems."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lineshaft.api.services import Services
from lineshaft.insight.metrics import CONTENT_TYPE
from lineshaft.security.people import Caller


async def show_metrics(request: Request) -> Response:
    """Return the figures of this process and of the store."""
    services: Services = request.app.state.services
    caller: Caller = request.scope["lineshaft.caller"]
    caller.require("systems.read")
    return Response(await services.metrics(), media_type=CONTENT_TYPE)
