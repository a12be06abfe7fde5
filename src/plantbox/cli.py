"""Reads the command line and starts one simulated system, or the loader."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from plantbox import whole
from plantbox.adventureworks import feed
from plantbox.crm import app as crm
from plantbox.directory import app as directory
from plantbox.erp import app as erp
from plantbox.erp.policy import Policy
from plantbox.face import Face
from plantbox.fields import BadField
from plantbox.finance import app as finance
from plantbox.hrm import app as hrm
from plantbox.hrm import tables as hrm_tables
from plantbox.itsm import app as itsm
from plantbox.itsm import tables as itsm_tables
from plantbox.mail import app as mail
from plantbox.mes import app as mes
from plantbox.mes.shop import Settings
from plantbox.mes.tables import EVENTS
from plantbox.oa import app as oa
from plantbox.oa import flows
from plantbox.oa import tables as oa_tables
from plantbox.server import serve
from plantbox.simtime import START
from plantbox.srm import app as srm
from plantbox.station import Common, Station
from plantbox.webhooks import Hook
from plantbox.wms import app as wms

Built = tuple[Face, Station]


def _add_webhook(one: argparse.ArgumentParser, events: Sequence[str]) -> None:
    one.add_argument("--webhook", help="where events are sent")
    one.add_argument("--webhook-secret", default="plantbox-webhook-secret")
    one.add_argument("--webhook-events", default=",".join(events))
    one.add_argument("--webhook-retry", type=float, default=1.0, help="first retry gap in seconds")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="plantbox", description="Simulated business systems with faults.")
    commands = top.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data", type=Path, required=True, help="folder of the system's own database")
    shared.add_argument("--port", type=int, default=0)
    shared.add_argument("--admin-port", type=int, default=0)
    shared.add_argument("--seed", type=int, default=1, help="seed of every chance")
    shared.add_argument("--speed", type=float, default=1440.0, help="simulated seconds per second")
    shared.add_argument("--start", type=datetime.fromisoformat, default=START)
    shared.add_argument("--empty", action="store_true", help="without the brake pad firm's master data")
    shared.add_argument("--admin-token", default="plantbox-admin")
    shared.add_argument("--until-input-ends", action="store_true", help="stop when standard input ends, too")
    shared.add_argument("--fault", action="append", default=[], help="KIND:key=value,…")
    one = commands.add_parser("crm", parents=[shared])
    one.add_argument("--token", default="crm-demo-token")
    _add_webhook(one, crm.DEFAULT_EVENTS)
    two = commands.add_parser("erp", parents=[shared])
    two.add_argument("--app-id", default="erp-app")
    two.add_argument("--app-secret", default="erp-demo-secret")
    two.add_argument("--delivery", choices=("instant", "timed", "notice"), default="timed")
    two.add_argument("--production", choices=("self", "mes"), default="self")
    two.add_argument("--short-stock", choices=("split", "produce", "reject"), default="split")
    two.add_argument("--plan-release", choices=("auto", "manual"), default="auto")
    two.add_argument("--first-shipment", default="1", help="share of a line that the first delivery carries")
    two.add_argument("--idempotency", choices=("on", "off"), default="on")
    _add_shop(commands, shared)
    three = commands.add_parser("adventureworks")
    three.add_argument("folder", type=Path)
    three.add_argument("--crm", help="the CRM's URL")
    three.add_argument("--erp", help="the ERP's URL")
    three.add_argument("--crm-token", default="crm-demo-token")
    three.add_argument("--erp-app-key", default="erp-app:erp-demo-secret")
    three.add_argument("--no-confirm", action="store_true", help="leave the orders as drafts")
    return top


def _add_shop(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser
) -> None:
    floor = commands.add_parser("mes", parents=[shared])
    floor.add_argument("--user", default="mes")
    floor.add_argument("--password", default="mes-demo-password")
    floor.add_argument("--opcua-port", type=int, default=0)
    floor.add_argument("--opcua", choices=("on", "off"), default="on")
    floor.add_argument("--production", choices=("auto", "manual"), default="auto")
    floor.add_argument("--stops", choices=("on", "off"), default="on")
    floor.add_argument("--scrap", default="0.02", help="mean share of bad pieces")
    floor.add_argument("--undecided", default="0", help="share of bad portions that a person decides")
    floor.add_argument("--pace", default="1", help="factor on all durations")
    _add_webhook(floor, EVENTS)
    store = commands.add_parser("wms", parents=[shared])
    store.add_argument("--pick-hours", type=float, default=2.0, help="from the instruction to the shipment")
    office = commands.add_parser("oa", parents=[shared])
    office.add_argument("--app-id", default="oa-app")
    office.add_argument("--app-secret", default="oa-demo-secret")
    office.add_argument("--approval", choices=("manual", "auto"), default="manual")
    office.add_argument("--approval-hours", default="3", help="how long auto waits")
    _add_webhook(office, oa_tables.EVENTS)
    box = commands.add_parser("mail", parents=[shared])
    box.add_argument("--sms-key", default="sms-demo-key")
    box.add_argument("--smtp-port", type=int, default=0)
    _add_staff(commands, shared)
    portal = commands.add_parser("srm", parents=[shared])
    portal.add_argument("--key", default="srm-demo-key")
    portal.add_argument("--suppliers", choices=("manual", "auto"), default="manual")
    portal.add_argument("--supplier-hours", type=float, default=4.0, help="how long auto waits")
    money = commands.add_parser("finance", parents=[shared])
    money.add_argument("--token", default="finance-demo-token")
    everything = commands.add_parser("all", parents=[shared])
    everything.add_argument("--base-port", type=int, default=0, help="the CRM's; the others follow")
    for name in whole.SYSTEMS:
        everything.add_argument(f"--{name}", default="", help=f"further options of {name}, as one text")


def _add_staff(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser
) -> None:
    personnel = commands.add_parser("hrm", parents=[shared])
    personnel.add_argument("--key", default="hrm-demo-key")
    _add_webhook(personnel, hrm_tables.EVENTS)
    service = commands.add_parser("itsm", parents=[shared])
    service.add_argument("--token", default="itsm-demo-token")
    _add_webhook(service, itsm_tables.EVENTS)
    accounts = commands.add_parser("directory", parents=[shared])
    accounts.add_argument("--token", default="directory-demo-token")


def _common(arguments: argparse.Namespace) -> Common:
    if arguments.start.tzinfo is None:
        raise BadField("--start", "Expected a time with its offset, such as 2026-01-05T08:00:00+08:00.")
    if arguments.speed <= 0:
        raise BadField("--speed", "Expected a speed above 0.")
    return Common(
        data=arguments.data,
        port=arguments.port,
        admin_port=arguments.admin_port,
        seed=arguments.seed,
        speed=arguments.speed,
        start=arguments.start,
        empty=arguments.empty,
        admin_token=arguments.admin_token,
        faults=tuple(arguments.fault),
        until_input_ends=arguments.until_input_ends,
    )


def _hook(arguments: argparse.Namespace) -> Hook | None:
    if not arguments.webhook:
        return None
    events = frozenset(filter(None, arguments.webhook_events.split(",")))
    return Hook(arguments.webhook, arguments.webhook_secret, events, arguments.webhook_retry)


def _crm(common: Common, arguments: argparse.Namespace) -> Built:
    return crm.build(common, crm.CrmOptions(arguments.token, _hook(arguments)))


def _erp(common: Common, arguments: argparse.Namespace) -> Built:
    policy = Policy.of(
        delivery=arguments.delivery,
        production=arguments.production,
        short_stock=arguments.short_stock,
        plan_release=arguments.plan_release,
        first_shipment=arguments.first_shipment,
    )
    return erp.build(
        common,
        erp.ErpOptions(
            arguments.app_id, arguments.app_secret, policy, idempotency=arguments.idempotency == "on"
        ),
    )


def _mes(common: Common, arguments: argparse.Namespace) -> Built:
    settings = Settings()
    named = ("production", "stops", "scrap", "undecided", "pace")
    settings.set({name: getattr(arguments, name) for name in named})
    hook = _hook(arguments)
    return mes.build(
        common,
        mes.MesOptions(
            arguments.user,
            arguments.password,
            hook,
            arguments.opcua_port if arguments.opcua == "on" else None,
            settings,
        ),
    )


def _wms(common: Common, arguments: argparse.Namespace) -> Built:
    if not 0 <= arguments.pick_hours <= 1000:
        raise BadField("--pick-hours", "Expected 0 to 1000 hours.")
    return wms.build(common, wms.WmsOptions(arguments.pick_hours))


def _oa(common: Common, arguments: argparse.Namespace) -> Built:
    settings = flows.Settings()
    settings.set({"approval": arguments.approval, "approval_hours": arguments.approval_hours})
    options = oa.OaOptions(arguments.app_id, arguments.app_secret, _hook(arguments), settings)
    return oa.build(common, options)


def _mail(common: Common, arguments: argparse.Namespace) -> Built:
    return mail.build(common, mail.MailOptions(arguments.sms_key, arguments.smtp_port))


def _hrm(common: Common, arguments: argparse.Namespace) -> Built:
    return hrm.build(common, hrm.HrmOptions(arguments.key, _hook(arguments)))


def _itsm(common: Common, arguments: argparse.Namespace) -> Built:
    return itsm.build(common, itsm.ItsmOptions(arguments.token, _hook(arguments)))


def _directory(common: Common, arguments: argparse.Namespace) -> Built:
    return directory.build(common, directory.DirectoryOptions(arguments.token))


def _srm(common: Common, arguments: argparse.Namespace) -> Built:
    if not 0 <= arguments.supplier_hours <= 10_000:
        raise BadField("--supplier-hours", "Expected 0 to 10000 hours.")
    return srm.build(common, srm.SrmOptions(arguments.key, arguments.suppliers, arguments.supplier_hours))


def _finance(common: Common, arguments: argparse.Namespace) -> Built:
    return finance.build(common, finance.FinanceOptions(arguments.token))


BUILDERS: dict[str, Callable[[Common, argparse.Namespace], Built]] = {
    "crm": _crm,
    "erp": _erp,
    "mes": _mes,
    "wms": _wms,
    "oa": _oa,
    "mail": _mail,
    "hrm": _hrm,
    "itsm": _itsm,
    "directory": _directory,
    "srm": _srm,
    "finance": _finance,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    arguments = parser().parse_args(argv)
    try:
        if arguments.command == "adventureworks":
            return asyncio.run(
                feed.run(
                    arguments.folder,
                    None if arguments.crm is None else (arguments.crm, arguments.crm_token),
                    None if arguments.erp is None else (arguments.erp, arguments.erp_app_key),
                    confirm=not arguments.no_confirm,
                )
            )
        if arguments.command == "all":
            _common(arguments)
            return asyncio.run(whole.run(arguments))
        asyncio.run(_serve(arguments))
    except BadField as error:
        sys.stderr.write(f"plantbox: {error.field}: {error.message}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"plantbox: {error}\n")
        return 2
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    await serve(*BUILDERS[arguments.command](_common(arguments), arguments))
