"""A limit of a decision table is changed as a grid, tried, published and taken back (E17, E18, X11)."""

from __future__ import annotations

from typing import Any

from unit.api.conftest import Client
from unit.api.test_design import _ask, _deploy, designed

__all__ = ["designed"]

PATH = "decisions/limit.dmn"
LIMIT = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="Limit" namespace="urn:limit">
<!-- set by finance -->
<inputData id="amount" name="amount"><variable name="amount"/></inputData>
<decision id="limit" name="limit"><variable name="limit"/>
<informationRequirement id="r"><requiredInput href="#amount"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE">
<input id="i" label="金额 Amount"><inputExpression><text>amount</text></inputExpression></input>
<output id="o" name="who" label="审批人 Approver"/>
<rule id="r1"><inputEntry><text>&lt;= 50000</text></inputEntry>
<outputEntry><text>"clerk"</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>&gt; 50000</text></inputEntry>
<outputEntry><text>"head"</text></outputEntry></rule>
</decisionTable></decision></definitions>
"""


def _rules(*limits: str) -> list[dict[str, Any]]:
    return [
        {"inputs": [limit], "outputs": [who]}
        for limit, who in zip(limits, ('"clerk"', '"head"'), strict=True)
    ]


async def _tables(hub: Client, *rules: dict[str, Any]) -> Any:
    changes = [{"name": "limit", "rules": list(rules)}] if rules else []
    return await _ask(hub, "POST", "/design/decisions/tables", {"text": LIMIT, "changes": changes})


async def _publish(hub: Client, content: str) -> str:
    kept = (await _ask(hub, "PUT", f"/drafts/{PATH}", {"text": content})).json
    active = (await _ask(hub, "GET", "/design/files")).json["active"]
    made = await _ask(hub, "POST", "/drafts", {"drafts": {PATH: kept["etag"]}, "active": active})
    assert made.status == 201, made.content
    return str((await _ask(hub, "GET", "/design/files")).json["active"])


async def test_a_limit_is_changed_in_a_grid_and_all_else_of_the_file_stays(designed: Client) -> None:
    [grid] = (await _tables(designed)).json["tables"]
    assert [each["label"] for each in grid["inputs"] + grid["outputs"]] == ["金额 Amount", "审批人 Approver"]
    assert (grid["hit_policy"], grid["rules"][0]["inputs"], grid["faults"]) == ("U", ["<= 50000"], [])
    changed = (await _tables(designed, *_rules("<= 80000", "> 80000"))).json
    assert [each["inputs"] for each in changed["tables"][0]["rules"]] == [["<= 80000"], ["> 80000"]]
    assert "<!-- set by finance -->" in changed["text"]
    assert 'id="amount"' in changed["text"]
    versions = {"old": LIMIT, "new": changed["text"]}
    told = (await _ask(designed, "POST", "/design/decisions/comparison", versions)).json["items"]
    assert told
    assert all(each["element"] == "limit" and "80000" in each["text"]["zh"] for each in told)


async def test_a_cell_that_cannot_be_read_is_named(designed: Client) -> None:
    [grid] = (await _tables(designed, *_rules("<= 80000", "> > 5"))).json["tables"]
    [fault] = grid["faults"]
    assert (fault["rule"], fault["kind"], fault["column"]) == (2, "input", 1)
    assert fault["message"]["zh"]
    assert (await _tables(designed, {"inputs": [], "outputs": ['"x"']})).status == 400


async def test_a_table_as_it_is_drawn_is_tried_and_says_which_rule_matched(designed: Client) -> None:
    await _deploy(designed)
    changed = (await _tables(designed, *_rules("<= 80000", "> 80000"))).json["text"]
    for content, answer, rule in ((LIMIT, "head", 2), (changed, "clerk", 1)):
        wish = {"file": {"path": PATH, "text": content}, "decision": "limit", "inputs": {"amount": 60000}}
        tried = (await _ask(designed, "POST", "/design/decisions/trial", wish)).json
        assert (tried["value"], tried["rules"], tried["findings"]) == (answer, {"limit": [rule]}, [])


async def test_what_is_no_model_or_names_nothing_is_refused_with_a_reason(designed: Client) -> None:
    await _deploy(designed)
    broken = await _ask(designed, "POST", "/design/decisions/tables", {"text": "<definitions"})
    assert (broken.status, bool(broken.json["code"])) == (422, True)
    wish = {"file": {"path": PATH, "text": LIMIT}, "decision": "limits"}
    assert (await _ask(designed, "POST", "/design/decisions/trial", wish)).status == 404
    unknown = {"text": LIMIT, "changes": [{"name": "limits", "rules": []}]}
    assert (await _ask(designed, "POST", "/design/decisions/tables", unknown)).status == 404


async def test_a_rule_that_stays_keeps_its_id_and_its_comments(designed: Client) -> None:
    commented = LIMIT.replace("<text>&gt; 50000", "<!-- since 2026 --><text>&gt; 50000")
    changes = [{"name": "limit", "rules": _rules("<= 40000", "> 50000")}]
    wish = {"text": commented, "changes": changes}
    found = (await _ask(designed, "POST", "/design/decisions/tables", wish)).json["text"]
    assert "<!-- since 2026 -->" in found
    assert ('id="r2"' in found, 'id="r1"' in found) == (True, False)


async def test_a_table_is_published_like_every_draft(designed: Client) -> None:
    await _deploy(designed)
    first = await _publish(designed, LIMIT)
    changed = (await _tables(designed, *_rules("<= 80000", "> 80000"))).json["text"]
    assert await _publish(designed, changed) != first
    found = (await _ask(designed, "GET", f"/design/files/{PATH}")).json
    assert ("80000" in found["released"], found["draft"]) == (True, None)


async def test_whoever_knows_the_limits_changes_them_and_nothing_else_and_somebody_else_publishes(
    designed: Client,
) -> None:
    async def finance(method: str, path: str, body: object = None) -> Any:
        return await designed(method, f"/api/v1{path}", body, token="finance:clerk")

    drawn = {"text": LIMIT, "changes": [{"name": "limit", "rules": _rules("<= 90000", "> 90000")}]}
    changed = await finance("POST", "/design/decisions/tables", drawn)
    kept = await finance("PUT", f"/drafts/{PATH}", {"text": changed.json["text"]})
    assert (changed.status, kept.status) == (200, 200)
    for path in ("processes/order.bpmn", "mappings/erp.yaml"):
        refused = await finance("PUT", f"/drafts/{path}", {"text": "x"})
        assert (refused.status, refused.json["code"]) == (403, "right_missing"), path
    wish = {"drafts": {PATH: kept.json["etag"]}, "active": None}
    assert (await finance("POST", "/drafts", wish)).status == 403
    assert (await _ask(designed, "POST", "/drafts", wish)).status == 201
    sales = await designed("PUT", f"/api/v1/drafts/{PATH}", {"text": LIMIT}, token="sales:s")
    assert sales.status == 403
