"""How routes are declared: JSON with exact decimals both ways, the handler's name as operation id."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from lineshaft.api.json_edge import loads
from lineshaft.base.errors import HubError


class _ExactRequest(Request):
    """Reads the body's fractions as decimals."""

    async def json(self) -> Any:
        """Return the body's value."""
        return loads(await self.body())


class ExactRoute(APIRoute):
    """A route whose body is read with exact decimals, and which is prepared when it is first used.

    Preparing it makes schemas of all that it takes and gives. A hub has some hundred and seventy routes, a
    command of the command line that opens the store itself uses one or two: to prepare all would be a third
    of the time such a command takes.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._unprepared: tuple[str, Callable[..., Any], dict[str, Any]] | None = (path, endpoint, options)
        # What finding the right route asks for, as the framework's own constructor sets it.
        self.path = path
        self.endpoint = endpoint
        self.name = options.get("name") or endpoint.__name__
        self.methods = {method.upper() for method in options.get("methods") or ["GET"]}
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    def __getattr__(self, name: str) -> Any:
        """Prepare the route and return what it has then: only what was not there yet is asked for here."""
        unprepared = self.__dict__.get("_unprepared")
        if unprepared is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self._unprepared = None
        path, endpoint, options = unprepared
        super().__init__(path, endpoint, **options)
        return getattr(self, name)

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
