"""Onboarding, move and leaving: one approval makes the accounts, one last day switches them off."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from lineshaft.app.demo import staffing
from lineshaft.app.demo.stage import Row, Scenario, Stage
from lineshaft.app.demo.stations import STAFFING
from lineshaft.base.text import text

_FINISHED = ("done", "disabled")


async def _today(stage: Stage) -> date:
    health = await stage.factory.admin("hrm", "GET", "/health")
    return datetime.fromisoformat(health["time"]).date()


async def _hire(stage: Stage, post: str, dept: str) -> str:
    first = (await _today(stage) + timedelta(days=400)).isoformat()
    body = {"post": post, "dept": dept, "firstDay": first}
    number = str((await stage.insist(lambda: staffing.hrm(stage.factory, "POST", "/staff", body)))["staffNo"])
    await stage.insist(lambda: staffing.hrm(stage.factory, "POST", f"/staff/{number}/approve", {}))
    return number


async def _closed(stage: Stage, number: str, kind: str) -> dict[str, Any]:
    found = await stage.until(
        f"HRM: {kind} closed",
        lambda: staffing.hrm(stage.factory, "GET", f"/staff/{number}"),
        lambda found: (found["caseKind"], found["caseStatus"]) == (kind, "closed"),
    )
    return dict(found)


async def _tasks_done(stage: Stage, number: str, count: int) -> None:
    done = 0

    async def do() -> bool:
        nonlocal done
        done += await staffing.do_tasks(stage.factory, number)
        return done >= count

    await stage.until("OA: tasks done", do)


async def _accounts(stage: Stage, number: str) -> dict[str, tuple[str, bool]]:
    """Return somebody's account in each system that has one: role and whether it is on."""
    login = number.lower()
    factory = stage.factory
    found: dict[str, tuple[str, bool]] = {}
    user = (await staffing.directory(factory)).get(login)
    if user is not None:
        found["directory"] = (user["roles"][0]["value"], user["active"])
    for box in (await staffing.mailboxes(factory))["items"]:
        if box["address"] == f"{login}@factory.example":
            found["mail"] = (box["kind"], box["enabled"])
    for row in (await factory.erp("Account.Query", {}))["Rows"]:
        if row["UserNo"] == login:
            found["erp"] = (row["RoleNo"], row["Enabled"])
    for row in (await factory.crm("GET", "/users"))["items"]:
        if row["login"] == login:
            found["crm"] = (row["profile"], row["is_active"])
    for role, active in await staffing.wms(
        factory, "SELECT role, active FROM user_account WHERE login = ?", login
    ):
        found["wms"] = (role, bool(active))
    return found


async def _history(stage: Stage, number: str) -> dict[str, list[str]]:
    """Return what happened to somebody's accounts, system by system."""
    login = number.lower()
    factory = stage.factory
    boxes = (await staffing.mailboxes(factory))["history"]
    erp = (await factory.erp("Account.Query", {}))["History"]
    crm = (await factory.crm("GET", "/users"))["history"]
    wms = await staffing.wms(factory, "SELECT what FROM user_account_book WHERE login = ? ORDER BY id", login)
    return {
        "mail": [each["what"] for each in boxes if each["login"].partition("@")[0] == login],
        "erp": [each["What"] for each in erp if each["UserNo"] == login],
        "crm": [each["what"] for each in crm if each["login"] == login],
        "wms": [str(what) for (what,) in wms],
    }


async def _sales(stage: Stage) -> None:
    number = await stage.insist(lambda: _hire(stage, "sales", "销售部"))
    await _tasks_done(stage, number, 2)
    person = await _closed(stage, number, "onboarding")
    stage.check("HRM: every item", {each["status"] for each in person["items"]}, {"done"})
    wanted = {
        "directory": ("sales", True),
        "mail": ("standard", True),
        "erp": ("READ", True),
        "crm": ("sales", True),
    }
    stage.check("accounts, and none in the WMS", await stage.insist(lambda: _accounts(stage, number)), wanted)
    address = f"{number.lower()}@factory.example"
    await stage.until(
        "mail: welcome",
        lambda: staffing.mails(stage.factory),
        lambda found: any(address in each["to"] for each in found),
    )
    stage.kept["sales"] = number


async def _one_is_down(stage: Stage) -> None:
    fault = await stage.factory.admin("erp", "POST", "/faults", {"kind": "down"})
    number = await stage.insist(lambda: _hire(stage, "buyer", "采购部"))
    await _tasks_done(stage, number, 2)

    def others_done(found: dict[str, Any]) -> bool:
        return {each["code"] for each in found["items"] if each["status"] not in _FINISHED} == {"erp"}

    person = await stage.until(
        "HRM: only the ERP is open, by its name",
        lambda: staffing.hrm(stage.factory, "GET", f"/staff/{number}"),
        others_done,
    )
    stage.check("HRM: the case", person["caseStatus"], "open")
    # Not one of the three tries: the hub has given up calling, and goes on by itself all the same.
    await stage.until(
        "hub: the ERP is down",
        lambda: stage.factory.look("/systems"),
        lambda found: any(each["name"] == "erp" and each["state"] == "down" for each in found["items"]),
    )
    await stage.factory.admin("erp", "DELETE", f"/faults/{fault['id']}")
    await _closed(stage, number, "onboarding")
    history = await stage.insist(lambda: _history(stage, number))
    stage.check("ERP: made once", history["erp"], ["created"])
    stage.check("mail: made once", history["mail"], ["created"])
    stage.kept["buyer"] = number


async def _move(stage: Stage) -> None:
    number = stage.kept["sales"]
    body = {"post": "storekeeper", "dept": "仓储部"}
    await stage.insist(lambda: staffing.hrm(stage.factory, "POST", f"/staff/{number}/move", body))
    await _closed(stage, number, "move")
    wanted = {
        "directory": ("storekeeper", True),
        "mail": ("standard", True),
        "erp": ("STOCK", True),
        "crm": ("sales", False),
        "wms": ("KEEPER", True),
    }
    stage.check("accounts", await stage.insist(lambda: _accounts(stage, number)), wanted)


async def _leave(stage: Stage) -> None:
    number = stage.kept["sales"]
    last = (await _today(stage) + timedelta(days=30)).isoformat()
    body = {"lastDay": last}
    await stage.insist(lambda: staffing.hrm(stage.factory, "POST", f"/staff/{number}/leave", body))
    before = await stage.insist(lambda: staffing.hrm(stage.factory, "GET", f"/staff/{number}"))
    stage.check("HRM: before the last day", before["status"], "hired")
    await stage.factory.admin("hrm", "POST", "/advance", {"hours": 30 * 24})
    person = await _closed(stage, number, "leave")
    stage.check("HRM: left", person["status"], "left")
    found = await stage.insist(lambda: _accounts(stage, number))
    stage.check("accounts that are on", [name for name, (_, active) in found.items() if active], [])
    stage.check(
        "what happened to the accounts",
        await stage.insist(lambda: _history(stage, number)),
        {
            "mail": ["created", "disabled"],
            "erp": ["created", "changed", "disabled"],
            "crm": ["created", "disabled"],
            "wms": ["created", "disabled"],
        },
    )


async def _books(stage: Stage) -> object:
    people = await staffing.hrm(stage.factory, "GET", "/staff")
    books = []
    for each in people:
        items = [(i["code"], i["role"], i["active"], i["status"]) for i in each["items"]]
        state = (each["post"], each["status"], each["caseKind"], each["caseStatus"])
        accounts = sorted((await _accounts(stage, each["staffNo"])).items())
        books.append((state, items, accounts, sorted((await _history(stage, each["staffNo"])).items())))
    return sorted(books, key=repr)


SCENARIO = Scenario(
    name="onboarding",
    title=text("Onboarding, move and leaving", "入职、调岗与离职"),
    pack="onboarding",
    systems=STAFFING,
    options={"oa": ("--approval", "manual")},
    rows=(
        Row("D27", text("A sales person gets what the post needs", "新销售按岗位开通"), _sales),
        Row(
            "A12",
            text("One system fails and is named, then goes on", "一个系统失败,点名,恢复后自动继续"),
            _one_is_down,
        ),
        Row("N7m", text("A move changes the rights", "调岗变更权限"), _move),
        Row("N7l", text("On the last day all is switched off, once", "离职当天全部停用,只停一次"), _leave),
    ),
    faults={
        "hrm": [
            {"kind": "lost_reply", "match": "staff.items"},
            {"kind": "down", "match": "staff.items"},
            {"kind": "error_but_done", "match": "staff.case"},
        ],
        "directory": [
            {"kind": "lost_reply", "match": "users.create"},
            {"kind": "error_but_done", "match": "users.create"},
            {"kind": "down", "match": "users.*"},
        ],
        "crm": [
            {"kind": "lost_reply", "match": "users.put"},
            {"kind": "down", "match": "users.put"},
        ],
        "erp": [
            {"kind": "lost_reply", "match": "Account.Save"},
            {"kind": "error_but_done", "match": "Account.Save"},
            {"kind": "reset", "match": "Account.Save"},
        ],
        "oa": [
            {"kind": "lost_reply", "match": "workflow.create"},
            {"kind": "down", "match": "workflow.create"},
        ],
        "wms": [{"kind": "lost_reply", "match": "staging.account"}],
    },
    books=_books,
)
