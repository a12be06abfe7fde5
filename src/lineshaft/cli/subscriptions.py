"""``subscriptions``: who is told what happens, and what became of it; ``feed``: the same to look at."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lineshaft.app.reaching import segment
from lineshaft.cli.surroundings import AsJson, here, out, out_json, table

commands = typer.Typer(help="Webhooks to other programs. 事件订阅。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="subscriptions")
    app.command("feed")(read_feed)


def read_feed(
    context: typer.Context,
    cursor: Annotated[str | None, typer.Option(help="Where to go on; `now`. 起始游标。")] = None,
    kinds: Annotated[list[str] | None, typer.Option("--type", help="Only these. 事件类型。")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on for ever. 持续输出。")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what happens in the hub, oldest first. 事件流。"""
    with here(context).api() as api:
        while True:
            page = api.get("/feed", cursor=cursor, type=kinds, limit=500, wait_s=10 if follow else 0)
            for each in page["items"]:
                if as_json:
                    out_json(each)
                else:
                    key = each["data"].get("business_key") or ""
                    out(f"{each['time'][:19]}  {each['type']:<22} {key:<20} {each['subject']}")
            cursor = page["next"]
            if not page["items"] and not follow:
                break
    if not as_json:
        out(f"-- {cursor}")


@commands.command("list")
def list_subscriptions(context: typer.Context, as_json: AsJson = False) -> None:
    """List them. 列出订阅。"""
    with here(context).api() as api:
        page = api.get("/subscriptions", limit=200)
    if as_json:
        out_json(page)
        return
    table(
        ("id", "name", "state", "url", "types", "failing since"),
        (
            (
                each["id"], each["name"], each["state"], each["url"],
                ", ".join(each["types"]) or "*", each["failing_since"] or "",
            )
            for each in page["items"]
        ),
    )  # fmt: skip


@commands.command("add")
def add_subscription(
    context: typer.Context,
    name: str,
    address: str,
    *,
    kinds: Annotated[list[str] | None, typer.Option("--type", help="Only these. 事件类型。")] = None,
    process: Annotated[str | None, typer.Option(help="Of one process. 流程。")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell ADDRESS what happens from now on; prints the secret, this once. 新增订阅。"""
    around = here(context)
    wish = {"name": name, "url": address, "types": kinds or [], "process_id": process}
    with around.api() as api:
        made = api.send("POST", "/subscriptions", wish)
    if as_json:
        out_json(made)
        return
    around.say("Subscription {id}. Its secret, shown this once:", "订阅 {id}。密钥仅显示一次:", id=made["id"])
    out(made["secret"])


@commands.command("renew-secret")
def renew_secret(context: typer.Context, subscription: str, as_json: AsJson = False) -> None:
    """Make a new secret; the former one signs too for a day. 更换密钥。"""
    around = here(context)
    with around.api() as api:
        made = api.send("POST", f"/subscriptions/{segment(subscription)}/secret")
    if as_json:
        out_json(made)
    else:
        out(made["secret"])


@commands.command("remove")
def remove_subscription(context: typer.Context, subscription: str) -> None:
    """End one; what waits to be sent is not sent any more. 删除订阅。"""
    around = here(context)
    with around.api() as api:
        api.send("DELETE", f"/subscriptions/{segment(subscription)}")
    around.say("Subscription {id} has ended.", "订阅 {id} 已删除。", id=subscription)


@commands.command("deliveries")
def list_deliveries(
    context: typer.Context,
    subscription: str,
    state: Annotated[str | None, typer.Option(help="waiting, delivered, failed. 状态。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Rows. 条数。")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what was sent and what became of it, newest first. 推送记录。"""
    with here(context).api() as api:
        page = api.get(f"/subscriptions/{segment(subscription)}/deliveries", state=state, limit=limit)
    if as_json:
        out_json(page)
        return
    table(
        ("id", "created", "state", "type", "tries", "answer"),
        (
            (
                each["id"], each["created_at"][:19], each["state"], each["type"],
                each["tries"], each["status"] or each["error"][:60],
            )
            for each in page["items"]
        ),
    )  # fmt: skip


@commands.command("redeliver")
def redeliver(context: typer.Context, subscription: str, delivery: str, as_json: AsJson = False) -> None:
    """Send one once more. 重新推送。"""
    around = here(context)
    path = f"/subscriptions/{segment(subscription)}/deliveries/{segment(delivery)}/redeliver"
    with around.api() as api:
        found: dict[str, Any] = api.send("POST", path)
    if as_json:
        out_json(found)
    else:
        around.say("Delivery {id} goes out again.", "推送 {id} 将重新发送。", id=delivery)
