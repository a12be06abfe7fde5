"""The whole API as one ASGI application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from lineshaft.api import console, intake, problems, tracking_page
from lineshaft.api.access import Gatekeeper
from lineshaft.api.described import describe
from lineshaft.api.docs_page import show_docs
from lineshaft.api.manners import Manners
from lineshaft.api.metrics import show_metrics
from lineshaft.api.oauth import give_token
from lineshaft.api.routes import (
    alert_rules,
    alerts,
    audit,
    backups,
    bindings,
    board,
    briefing,
    bulk,
    dead_letters,
    decisions,
    design,
    drafts,
    drift,
    effects,
    exports,
    feed,
    flows,
    hooks,
    instances,
    interventions,
    kpis,
    licences,
    live,
    manifests,
    mappings,
    me,
    messages,
    oidc,
    outside,
    people,
    persons,
    pictures,
    processes,
    promotion,
    proposals,
    releases,
    requests,
    retention,
    reviews,
    secrets,
    session,
    sign_in_methods,
    states,
    status,
    subscriptions,
    system_data,
    system_settings,
    systems,
    tasks,
    tokens,
    trace,
    tracking,
    waiting,
)
from lineshaft.api.services import Services
from lineshaft.base.errors import HubError

ROUTERS = (
    status.router,
    session.router,
    live.router,
    systems.router,
    manifests.router,
    releases.router,
    requests.router,
    promotion.router,
    drafts.router,
    decisions.router,
    mappings.router,
    design.router,
    processes.router,
    instances.router,
    interventions.router,
    effects.router,
    dead_letters.router,
    bulk.router,
    tasks.router,
    pictures.router,
    messages.router,
    outside.router,
    feed.router,
    flows.router,
    subscriptions.router,
    bindings.router,
    waiting.router,
    states.router,
    trace.router,
    board.router,
    oidc.router,
    me.router,
    licences.router,
    sign_in_methods.router,
    people.router,
    tokens.router,
    hooks.router,
    audit.router,
    exports.router,
    proposals.router,
    secrets.router,
    retention.router,
    reviews.router,
    tracking.router,
    persons.router,
    backups.router,
    alerts.router,
    alert_rules.router,
    kpis.router,
    briefing.router,
    drift.router,
    system_data.router,
    system_settings.router,
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
    document: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not document:
            document.append(describe(app))
        return document[0]

    app.openapi = openapi  # type: ignore[method-assign]
    app.state.console = console_folder
    for router in ROUTERS:
        # As they are, not nested: so that a test (and a reader) can walk all routes there are.
        app.router.routes.extend(router.routes)
    app.router.routes.append(Route("/metrics", show_metrics, methods=["GET"]))
    app.router.routes.append(Route("/api/v1/docs", show_docs, methods=["GET"]))
    app.router.routes.append(Route("/api/v1/events", intake.take_events, methods=["POST"]))
    app.router.routes.append(Route("/oauth/token", give_token, methods=["POST"]))
    hooks = Route("/hooks/{system}/{trigger}", intake.take_webhook, methods=["GET", "POST"])
    app.router.routes.append(hooks)
    page = tracking_page.show_order
    app.router.routes.append(Route("/track/{token}", page, methods=["GET", "HEAD"]))
    app.router.routes.append(Route("/{path:path}", console.serve_console, methods=["GET"]))
    return app


def make_application(services: Services, console_folder: Path = console.FOLDER) -> ASGIApp:
    """Return the API with the gatekeeper in front."""
    app = make_routes(services, console_folder)
    routes = [each for each in app.router.routes if isinstance(each, Route)]
    return Gatekeeper(Manners(app, services, routes), services)
