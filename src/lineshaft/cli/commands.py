"""All commands together, and what happens with errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import lineshaft
from lineshaft.base.errors import HubError
from lineshaft.cli import (
    alerts,
    audit,
    backups,
    board,
    bpmn,
    briefing,
    connector,
    connector_systems,
    demo,
    dmn,
    exports,
    feel,
    flows,
    hooks,
    hub,
    instances,
    jobs,
    kpis,
    letters,
    mapping,
    packs,
    people,
    persons,
    releases,
    retention,
    reviews,
    secrets,
    subscriptions,
    tasks,
    tokens,
    tracing,
    unknown,
    xref,
)
from lineshaft.cli.surroundings import Surroundings, chosen_language, complain, here, out

app = typer.Typer(
    name="lineshaft",
    help="The hub that joins the business systems of a factory. 连接工厂各业务系统的枢纽。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


# What the parser raises for a wrong command line; the library shows only this one of the family.
_UsageError: type[Any] = typer.BadParameter.__mro__[1]


def _version(value: bool) -> None:
    if value:
        out(f"lineshaft {lineshaft.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="Configuration (TOML). 配置文件。")] = None,
    data: Annotated[Path | None, typer.Option(help="The hub's own folder. 数据目录。")] = None,
    url: Annotated[str | None, typer.Option(help="Address of a running hub. 系统地址。")] = None,
    token: Annotated[str | None, typer.Option(help="Token for that address. 访问令牌。")] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en. 语言。")] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version. 版本。")
    ] = False,
) -> None:
    context.obj = Surroundings(config, data, url, token, chosen_language(lang, os.environ))


hub.add_to(app)
demo.add_to(app)
packs.add_to(app)
releases.add_to(app)
reviews.add_to(app)
tracing.add_to(app)
instances.add_to(app)
board.add_to(app)
kpis.add_to(app)
briefing.add_to(app)
tasks.add_to(app)
letters.add_to(app)
xref.add_to(app)
unknown.add_to(app)
jobs.add_to(app)
subscriptions.add_to(app)
retention.add_to(app)
persons.add_to(app)
backups.add_to(app)
alerts.add_to(app)
tokens.add_to(app)
hooks.add_to(app)
people.add_to(app)
audit.add_to(app)
secrets.add_to(app)
feel.add_to(app)
flows.add_to(app)
bpmn.add_to(app)
dmn.add_to(app)
exports.add_to(app)
mapping.add_to(app)
connector.add_to(app)
connector_systems.add_to(app)


def run(arguments: list[str] | None = None) -> None:
    """Run a command line; ends the process."""
    given = sys.argv[1:] if arguments is None else arguments
    language = chosen_language(_lang_of(given), os.environ)
    try:
        status = app(given, standalone_mode=False)
    except HubError as error:
        sys.exit(complain(error, language))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except _UsageError as error:
        error.show()
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _lang_of(arguments: list[str]) -> str | None:
    for position, each in enumerate(arguments):
        if each.startswith("--lang="):
            return each.partition("=")[2]
        if each == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
    return None


__all__ = ["app", "here", "run"]
