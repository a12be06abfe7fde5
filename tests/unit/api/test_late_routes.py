"""Routes are prepared when they are first used: a command that needs one does not wait for all."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from lineshaft.api.routing import ExactRoute, make_router
from lineshaft.app.inprocess import call_asgi

router = make_router("late")


@router.get("/orders/{number}")
def order(number: str) -> dict[str, str]:
    return {"number": number}


@router.post("/orders", status_code=201)
def add_order(amount: int) -> dict[str, int]:
    return {"amount": amount}


async def test_only_the_route_that_was_asked_for_is_prepared() -> None:
    app = FastAPI()
    app.router.routes.extend(router.routes)
    asked, other = (route for route in router.routes if isinstance(route, ExactRoute))
    assert await call_asgi(app, "GET", "/api/v1/orders/SO-1", {}, b"") == (200, b'{"number":"SO-1"}')
    assert "dependant" in vars(asked)
    assert "dependant" not in vars(other)
    assert other.status_code == 201


def test_attribute_that_no_route_has_is_missed() -> None:
    route = ExactRoute("/x", order)
    with pytest.raises(AttributeError, match="no_such"):
        _ = route.no_such
