"""Retention over the API: what holds, and pruning now."""

from __future__ import annotations

from lineshaft.store import writes as w
from support import store_rows as a
from support.store_rows import T0, written

from .conftest import Client


async def test_policy_is_shown_with_its_origin_and_pruning_tells_what_went(api: Client) -> None:
    long_ago = T0.replace(year=2020)
    ended = a.instance(status="completed", started_at=long_ago, ended_at=long_ago)
    await written(api.hub.store, w.InsertInstance(ended), w.PutVariable(a.variable()))
    shown = (await api("GET", "/api/v1/retention", token="viewer-token")).json
    assert {"kind": "instances", "days": 730, "origin": "default"} in shown["policy"]
    assert shown["last"] is None
    assert (await api("POST", "/api/v1/retention/run", {}, token="viewer-token")).status == 403
    done = await api("POST", "/api/v1/retention/run", {})
    assert done.json["counts"] == {"instance": 1, "variable": 1}
    shown = (await api("GET", "/api/v1/retention")).json
    assert shown["last"]["counts"] == {"instance": 1, "variable": 1}
