"""How routes are declared: JSON with exact decimals both ways, the handler's name as operation id."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lineshaft.api.json_edge import loads
from lineshaft.base.errors import HubError


class _ExactRequest(Request):
    """Reads the body's fractions as decimals."""

    async def json(self) -> Any:
        """Return the body's value."""
        return loads(await self.body())


class ExactRoute(APIRoute):
    """A route whose body is read with exact decimals."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        original = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await original(_ExactRequest(request.scope, request.receive))
            except HTTPException as error:
                # The framework hides what is wrong with the body; it stands behind its error.
                if isinstance(error.__cause__, HubError):
                    raise error.__cause__ from error
                raise

        return handler


def make_router(tag: str) -> APIRouter:
    """Return a router of one resource."""
    return APIRouter(
        prefix="/api/v1",
        tags=[tag],
        route_class=ExactRoute,
        generate_unique_id_function=lambda route: str(route.name),
    )


Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]
WholeLimit = Annotated[int, Query(ge=1, le=500, description="rows on a page; few lists are longer")]
Limit = Annotated[int, Query(ge=1, le=500, description="rows on a page")]
