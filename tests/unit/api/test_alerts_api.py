"""Alerts over the API: who may handle them, who may change their rules, and what the audit log says of it."""

from __future__ import annotations

from urllib.parse import quote

from lineshaft.base.text import Text
from lineshaft.insight.alerting import Alert
from unit.api.conftest import Client

RULE = "/api/v1/alert-rules/" + quote("sync/own", safe="")
OWN = {"definition": {"name": "own", "system": "erp", "tell": {"to": ["wang"]}}}


async def test_an_alert_is_handled_by_whoever_works_and_every_act_is_in_the_audit_log(api: Client) -> None:
    now = api.hub.clock.now()
    alert = Alert("sync", "own", "c1", "erp.order.save", Text("IT", "IT"), now, 0.0, "SO-1", group="c1")
    await api.hub.keeping.alerts.open(alert)
    wish = {"ids": ["own/c1"], "act": "acknowledge"}
    assert (await api("POST", "/api/v1/alert-acts", wish, token="viewer-token")).status == 403
    done = await api("POST", "/api/v1/alert-acts", wish)
    assert done.json["items"][0]["acknowledged_by"] == "admin"
    closed = {"ids": ["own/c1"], "act": "resolve", "useful": False, "text": "test data"}
    assert (await api("POST", "/api/v1/alert-acts", closed)).json["items"][0]["useful"] is False
    detail = (await api("GET", "/api/v1/alerts/" + quote("own/c1", safe=""))).json
    assert [note["act"] for note in detail["notes"]] == ["acknowledge", "resolve"]
    figures = (await api("GET", "/api/v1/alert-figures?days=7")).json
    assert (figures["noise"], figures["target_s"]) == (1.0, None)
    assert (await api("PUT", "/api/v1/alert-target", {"repair_s": 3600})).json["target_s"] == 3600
    lines = (await api("GET", "/api/v1/audit")).json["items"]
    assert {"alert.acknowledge", "alert.resolve", "alert.target_set"} <= {line["action"] for line in lines}


async def test_a_rule_is_made_seen_muted_and_taken_away_by_whoever_runs_the_hub(api: Client) -> None:
    assert (await api("PUT", RULE, OWN, token="viewer-token")).status == 403
    made = await api("PUT", RULE, OWN)
    assert (made.json["version"], made.json["shipped"], made.json["to"]) == (1, False, ["wang"])
    strange = {"definition": {**OWN["definition"], "tell": {"channels": ["pigeon"]}}}
    assert (await api("PUT", RULE, strange)).json["code"] == "alert_channel"
    wrong = {"definition": {"name": "own", "limit": "many"}}
    assert (await api("PUT", RULE, wrong)).status == 422
    muted = await api("POST", "/api/v1/alert-rule-mutes", {"rule": "sync/own", "mute_s": 600})
    assert muted.json["muted_until"] is not None
    page = (await api("GET", "/api/v1/alert-rules", token="viewer-token")).json
    assert [each["id"] for each in page["items"]] == ["sync/own"]
    assert [each["name"] for each in page["channels"]] == ["mail"]
    stale = {**OWN, "version": 1}
    assert (await api("PUT", RULE, stale)).status == 409
    assert (await api("DELETE", RULE)).status == 200
    assert (await api("GET", RULE)).status == 404
    versions = (await api("GET", "/api/v1/alert-rule-versions?rule=sync/own")).json["items"]
    assert [each["version"] for each in versions] == [3, 1]
