"""The whole API as one ASGI application."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from lineshaft.api import console, intake, problems
from lineshaft.api.access import Gatekeeper
from lineshaft.api.routes import (
    bindings,
    dead_letters,
    effects,
    instances,
    live,
    messages,
    processes,
    releases,
    session,
    status,
    systems,
    tasks,
    trace,
)
from lineshaft.api.services import Services
from lineshaft.base.errors import HubError

ROUTERS = (
    status.router,
    session.router,
    live.router,
    systems.router,
    releases.router,
    processes.router,
    instances.router,
    effects.router,
    dead_letters.router,
    tasks.router,
    messages.router,
    bindings.router,
    trace.router,
)


def make_routes(services: Services, console_folder: Path = console.FOLDER) -> FastAPI:
    """Return all routes; ``make_application`` puts the gatekeeper in front of them."""
    app = FastAPI(
        title="Lineshaft",
        version=services.version,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            HubError: problems.on_hub_error,
            HTTPException: problems.on_http_error,
            RequestValidationError: problems.on_wrong_request,
            Exception: problems.on_bug,
        },
    )
    app.state.services = services
    app.state.console = console_folder
    for router in ROUTERS:
        # As they are, not nested: so that a test (and a reader) can walk all routes there are.
        app.router.routes.extend(router.routes)
    app.router.routes.append(Route("/api/v1/events", intake.take_events, methods=["POST"]))
    app.router.routes.append(Route("/hooks/{system}/{trigger}", intake.take_webhook, methods=["POST"]))
    app.router.routes.append(Route("/{path:path}", console.serve_console, methods=["GET"]))
    return app


def make_application(services: Services, console_folder: Path = console.FOLDER) -> ASGIApp:
    """Return the API with the gatekeeper in front."""
    return Gatekeeper(make_routes(services, console_folder), services)
