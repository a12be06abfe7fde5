"""``serve``, ``worker``, ``migrate``, ``doctor``: the hub as a process and its health.

What only one command needs is imported when it runs: a short command must not wait for all of them.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from lineshaft.app.config import ADMIN_TOKEN, shown
from lineshaft.cli.surroundings import AsJson, here, out, out_json, table


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve_command)
    app.command("worker")(worker_command)
    app.command("migrate")(migrate_command)
    app.command("doctor")(doctor_command)
    app.command("config")(config_command)
    app.command("dashboard")(dashboard_command)


def serve_command(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on. 监听地址。")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0: any. 端口。")] = None,
    store: Annotated[str | None, typer.Option(help="Store's address. 存储地址。")] = None,
    *,
    until_input_ends: Annotated[
        bool,
        typer.Option(
            "--until-input-ends",
            help="Stop when standard input ends, for a program that starts this one. 标准输入结束时停止。",
        ),
    ] = False,
) -> None:
    """Run a hub: the API, the console and the worker. 启动系统。"""
    from lineshaft.app.serving import run, serve

    around = here(context)
    config = around.config(server__host=host, server__port=port, store__url=store)

    def ready(url: str) -> None:
        around.say("The hub runs at {url}", "系统已启动:{url}", url=url)
        token = config.data_dir / ADMIN_TOKEN
        around.say("Administrator's token: {token}", "管理员令牌:{token}", token=token)

    def first_password(password: str) -> None:
        around.say(
            "First sign-in: admin / {password} (shown this once)",
            "首次登录:admin / {password}(仅显示这一次)",
            password=password,
        )

    run(serve(config, ready=ready, first_password=first_password, until_input_ends=until_input_ends))


def worker_command(
    context: typer.Context,
    store: Annotated[str | None, typer.Option(help="PostgreSQL's address. 数据库地址。")] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Serve /metrics there, on this machine alone where no host is named. 指标页地址。",
        ),
    ] = None,
) -> None:
    """Run one more worker on a shared PostgreSQL. 启动一个工作进程。"""
    from lineshaft.app.serving import run, work
    from lineshaft.app.worker_metrics import address_of

    around = here(context)
    config = around.config(store__url=store)
    run(
        work(
            config,
            ready=lambda name: around.say("Worker {name}", "工作进程 {name}", name=name),
            metrics=address_of(metrics) if metrics is not None else None,
            measured=lambda url: around.say("Metrics at {url}", "指标页 {url}", url=url),
        )
    )


def migrate_command(
    context: typer.Context,
    store: Annotated[str | None, typer.Option(help="Store's address. 存储地址。")] = None,
) -> None:
    """Bring the store's schema to this version. 升级数据库结构。"""
    from lineshaft.app.stores import make_store

    around = here(context)
    asyncio.run(make_store(around.config(store__url=store)).migrate())
    around.say("The schema is of this version.", "数据库结构已是当前版本。")


def doctor_command(context: typer.Context, as_json: AsJson = False) -> None:
    """Look at the machine, the store and the systems. 体检。"""
    from lineshaft.app.doctor import examine

    around = here(context)
    findings = examine(around.config(), around.environment)
    if as_json:
        out_json([{"name": f.name.to_dict(), "ok": f.ok, "detail": f.detail.to_dict()} for f in findings])
    else:
        for each in findings:
            mark = "ok  " if each.ok else "FAIL"
            name, detail = (words.in_language(around.language) for words in (each.name, each.detail))
            out(f"{mark}  {name}: {detail}")
    if not all(each.ok for each in findings):
        raise typer.Exit(1)


def config_command(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the configuration as it is used; secrets as ***. 显示当前配置。"""
    around = here(context)
    found = shown(around.config())
    if as_json:
        out_json(found)
    else:
        table((around.word("setting", "设置"), around.word("value", "值")), found.items())


def dashboard_command() -> None:
    """Print the dashboard for Grafana (JSON). 输出 Grafana 看板。"""
    from lineshaft.insight.metrics import dashboard

    out(dashboard())
