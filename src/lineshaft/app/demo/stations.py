"""The simulated systems of the demo: how each is started, and how the hub is told to reach it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineshaft.base.text import Text, text

# The sandbox's own fixed credentials: it listens on this machine only and holds invented data.
CRM_TOKEN = "crm-demo-token"  # noqa: S105
ERP_APP_ID = "erp-app"
ERP_APP_SECRET = "erp-demo-secret"  # noqa: S105
MES_USER = "mes"
MES_PASSWORD = "mes-demo-password"  # noqa: S105
OA_APP_ID = "oa-app"
OA_APP_SECRET = "oa-demo-secret"  # noqa: S105
SRM_KEY = "srm-demo-key"
FINANCE_TOKEN = "finance-demo-token"  # noqa: S105
SMS_KEY = "sms-demo-key"
HRM_KEY = "hrm-demo-key"
ITSM_TOKEN = "itsm-demo-token"  # noqa: S105
DIRECTORY_TOKEN = "directory-demo-token"  # noqa: S105
WEBHOOK_SECRET = "demo-webhook-secret"  # noqa: S105
TRACKING_KEY = "demo-tracking-key-of-an-invented-firm"
ADMIN = "plantbox-admin"

UNTIL_INPUT_ENDS = "--until-input-ends"
"""The option of every process of the demo by which it ends with the demo."""

OFFICE = ("crm", "erp")
"""The two systems that carry an order by themselves."""
WHOLE = ("crm", "erp", "mes", "wms", "oa", "mail")
"""The whole factory."""
STAFFING = ("hrm", "oa", "directory", "mail", "erp", "crm", "wms", "itsm")
"""Who takes part when somebody comes, moves or leaves."""
UPKEEP = ("itsm", "mes", "wms", "erp", "oa", "mail")
"""Who takes part in a repair."""
PURCHASING = ("erp", "wms", "oa", "srm", "finance")
"""What a purchase needs, from the request to the payment."""
BESIDE_AN_ERP = tuple(name for name in WHOLE if name != "erp")
"""The factory without its ERP, for another ERP in its place."""

TITLES: Mapping[str, Text] = {
    "crm": text("CRM", "CRM 客户关系"),
    "erp": text("ERP", "ERP 企业资源"),
    "mes": text("MES", "MES 制造执行"),
    "wms": text("WMS", "WMS 仓储"),
    "oa": text("OA", "OA 办公审批"),
    "srm": text("SRM", "SRM 供应商协同"),
    "finance": text("Finance", "财务系统"),
    "mail": text("Mail and text messages", "邮件与短信"),
    "hrm": text("HRM", "HRM 人力资源"),
    "itsm": text("ITSM", "ITSM 服务台"),
    "directory": text("Directory", "统一账号"),
}

IT_MAIL = "it@factory.example"
"""Who is told of trouble: look into the mail box."""

_HOOKS = {"crm": "crm/orders", "mes": "mes/events", "oa": "oa/callbacks"}
_HOOKS |= {"hrm": "hrm/staff", "itsm": "itsm/tickets"}
_DOORS = {"sms": "mail", "machines": "mes", "mailboxes": "mail"}
"""Systems of a pack that are a further door of a simulated system."""
_FURTHER_PORTS = {"mes": ("--opcua-port", "mes_opcua"), "mail": ("--smtp-port", "mail_smtp")}
_CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "crm": ("--token", CRM_TOKEN),
    "erp": ("--app-id", ERP_APP_ID, "--app-secret", ERP_APP_SECRET),
    "mes": ("--user", MES_USER, "--password", MES_PASSWORD),
    "wms": (),
    "oa": ("--app-id", OA_APP_ID, "--app-secret", OA_APP_SECRET),
    "mail": ("--sms-key", SMS_KEY),
    "hrm": ("--key", HRM_KEY),
    "itsm": ("--token", ITSM_TOKEN),
    "directory": ("--token", DIRECTORY_TOKEN),
    "srm": ("--key", SRM_KEY),
    "finance": ("--token", FINANCE_TOKEN),
}


@dataclass(frozen=True, slots=True)
class Common:
    """What all systems are started with."""

    folder: Path
    speed: float
    empty: bool
    hub_url: str | None
    """Where webhooks go; ``None``: nowhere."""
    start: str | None = None
    """When simulated time begins (ISO 8601) on a new folder; ``None``: the sandbox's own beginning."""


def systems_of(files: Iterable[str]) -> tuple[str, ...]:
    """Return which simulated systems a pack with these files needs."""
    named = {
        path.removeprefix("systems/").removesuffix(".yaml") for path in files if path.startswith("systems/")
    }
    found = {_DOORS.get(name, name) for name in named}
    return tuple(name for name in TITLES if name in found)


def port_names(systems: tuple[str, ...]) -> list[str]:
    """Return the names of all ports that these systems listen on."""
    found = [name for system in systems for name in (system, f"{system}_admin")]
    return found + [name for system, (_, name) in _FURTHER_PORTS.items() if system in systems]


def arguments_of(
    system: str, common: Common, ports: Mapping[str, int], options: tuple[str, ...]
) -> list[str]:
    """Return the arguments of one system's process."""
    found = ["-m", "plantbox", system, UNTIL_INPUT_ENDS, "--port", str(ports[system])]
    found += ["--admin-port", str(ports[f"{system}_admin"]), "--admin-token", ADMIN]
    found += ["--data", str(common.folder / system), "--speed", f"{common.speed:g}"]
    if common.empty:
        found.append("--empty")
    if common.start is not None:
        found += ["--start", common.start]
    if system in _FURTHER_PORTS:
        option, name = _FURTHER_PORTS[system]
        found += [option, str(ports[name])]
    found += _CREDENTIALS[system]
    if common.hub_url is not None and system in _HOOKS:
        hook = f"{common.hub_url}/hooks/{_HOOKS[system]}"
        found += ["--webhook", hook, "--webhook-secret", WEBHOOK_SECRET]
    return [*found, *options]


def hub_secrets() -> dict[str, str]:
    """Return the secrets that the hub is given, by their names in the pack."""
    return {
        "crm_token": CRM_TOKEN,
        "crm_webhook": WEBHOOK_SECRET,
        "erp_app_id": ERP_APP_ID,
        "erp_app_secret": ERP_APP_SECRET,
        "mes_user": MES_USER,
        "mes_password": MES_PASSWORD,
        "mes_webhook": WEBHOOK_SECRET,
        "oa_app_id": OA_APP_ID,
        "oa_app_secret": OA_APP_SECRET,
        "oa_webhook": WEBHOOK_SECRET,
        "sms_key": SMS_KEY,
        "hrm_key": HRM_KEY,
        "hrm_webhook": WEBHOOK_SECRET,
        "itsm_token": ITSM_TOKEN,
        "itsm_webhook": WEBHOOK_SECRET,
        "directory_token": DIRECTORY_TOKEN,
        "srm_key": SRM_KEY,
        "finance_token": FINANCE_TOKEN,
        "tracking_key": TRACKING_KEY,
    }


def hub_alerts(language: str) -> dict[str, str]:
    """Return the lines of the hub's configuration by which the IT team is told of trouble."""
    return {
        "alerts.mail_to": json.dumps([IT_MAIL]),
        "alerts.mail_system": '"mail"',
        "alerts.language": json.dumps(language),
    }


_PAGES = {
    "crm": "/orders/{number}",
    "erp": "/ui/orders/{number}",
    "mes": "/orders/{number}",
    "oa": "/requests/{number}",
    "itsm": "/tickets/{number}",
}
"""Where a system shows one of its own documents."""


def hub_systems(ready: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the tables ``[systems.…]`` of the hub's configuration, from what the systems said when ready."""
    tables: dict[str, dict[str, Any]] = {}
    for system, line in ready.items():
        if system == "wms":
            tables["wms"] = {"file": line["database"], "home_url": f"{line['url']}/"}
        elif system == "mail":
            tables["sms"] = {"base_url": line["url"], "home_url": f"{line['url']}/"}
            tables["mail"] = {
                "host": line["smtp_host"],
                "port": int(line["smtp_port"]),
                "sender": "lineshaft@factory.example",
            }
            if "directory" in ready:
                # Where people get their mailboxes, which is one more door of the same house.
                tables["mailboxes"] = {"base_url": line["url"], "home_url": f"{line['url']}/"}
        else:
            home = "/ui" if system == "erp" else "/"
            tables[system] = {"base_url": line["url"], "home_url": f"{line['url']}{home}"}
        if system == "mes" and line.get("opcua_url"):
            tables["machines"] = {"url": line["opcua_url"], "home_url": f"{line['url']}/machines"}
        pages = tables[system]
        pages["home_url"] = f"{line['url']}/"
        if system in _PAGES:
            pages["page_url"] = line["url"] + _PAGES[system]
    return "".join(
        f"[systems.{name}]\n"
        + "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items())
        for name, settings in tables.items()
    )
