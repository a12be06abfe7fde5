"""Alert mails to the IT team: the built-in system ``alerts`` that sends them, and their words.

Who is told, from where and in which language stands in ``[alerts]`` (docs/reference/configuration.md). The
mails go the way of every call: durable before, counted and retried, held back while the mail server is away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from lineshaft.app import briefing_words, node_words
from lineshaft.app.config import HubConfig
from lineshaft.base.text import Language, Text, text
from lineshaft.connectors.mail import MAIL, MailConnector
from lineshaft.connectors.mail.manifest import MailManifest
from lineshaft.feel import codec as values
from lineshaft.sdk.manifest_kind import ManifestDefinition
from lineshaft.sdk.registry import Connection, Definition
from lineshaft.sdk.sensitive import SensitiveSpec
from lineshaft.security.fields import Masking
from lineshaft.store.rows import Effect, Event

SYSTEM: Final = "alerts"
"""The system's name; a pack cannot have one of that name."""
OPERATION: Final = "alerts.notice"
_SUBJECT_MAX: Final = 160
_MANIFEST: Final = """\
format: 1
connector: mail
name: alerts
label: {zh: 告警邮件, en: Alert mail}
%s
messages:
  notice:
    label: {zh: 告警, en: Notice}
    to: payload.to
    language: payload.language
    subject: {zh: "{payload.subject}", en: "{payload.subject}"}
    text: {zh: "{payload.text}", en: "{payload.text}"}
"""

WHAT: Final[Mapping[str, Text]] = {
    "order": text("an order is overdue", "订单超期"),
    "stock": text("stock is low", "库存低位"),
    "receipt": text("a receipt is overdue", "回款超时"),
    "approvals": text("approvals pile up", "审批积压"),
    "sync": text("a sync fails", "同步失败"),
    "interface": text("an interface is down", "接口中断"),
    "stuck": text("stands still", "流程卡住"),
    "delay": text("is late", "同步延迟"),
    "missing": text("is missing", "应到未到"),
    "drift": text("its interface has changed", "接口已变更"),
    "state": text("a state is in no map", "状态未对照"),
}
"""What an alert of each kind says."""
SEVERITY_WORDS: Final[Mapping[str, Text]] = {
    "info": text("for information", "提示"),
    "warning": text("warning", "警告"),
    "critical": text("critical", "严重"),
}
_WHY: Final[Mapping[str, Text]] = {
    "reminder": text("Reminder: ", "提醒:"),
    "escalated": text("Escalated: ", "升级:"),
}
MAIL_CHANNEL: Final = "mail"
_ROBOT_BYTES_MAX: Final = 3_800

SPEC: Final = MAIL.read((_MANIFEST % "").encode(), SYSTEM).spec
"""What the system offers."""


def alerts_connector(
    config: HubConfig, systems: Mapping[str, Definition], connection: Connection
) -> MailConnector:
    """Make the connector that sends alert mails: over a mail system of the release, or by own settings.

    Raises:
        ConfigError: The settings do not fit.
    """
    alerts = config.alerts
    auth = f"auth: {{user: {alerts.smtp_user}, password: {alerts.smtp_password}}}" if alerts.smtp_user else ""
    manifest = MAIL.read((_MANIFEST % auth).encode(), "alerts").manifest
    settings: dict[str, Any] = {"host": alerts.smtp_host, "tls": alerts.smtp_tls or None}
    if alerts.smtp_port:
        settings["port"] = alerts.smtp_port
    shared = systems.get(alerts.mail_system)
    if isinstance(shared, ManifestDefinition) and isinstance(shared.manifest, MailManifest):
        settings = dict(config.systems.get(alerts.mail_system, {}))
        theirs = shared.manifest
        manifest = replace(
            manifest,
            secrets=theirs.secrets,
            user_secret=theirs.user_secret,
            password_secret=theirs.password_secret,
        )
    if alerts.mail_from:
        settings["sender"] = alerts.mail_from
    known = {each.name for each in manifest.settings}
    settings = {name: value for name, value in settings.items() if name in known and value is not None}
    # A repeat has the same Message-ID: rather twice in the mailbox than never.
    operations = tuple(replace(each, safety="natural_key") for each in manifest.spec.operations)
    manifest = replace(manifest, spec=replace(manifest.spec, operations=operations))
    return MailConnector(manifest, replace(connection, settings=settings))


def concealed(
    spec: Callable[[], SensitiveSpec], classes: Callable[[], Mapping[str, Text]]
) -> Callable[[Effect | Event | Mapping[str, Any] | None, Text], Text]:
    """Return what takes every sensitive value out of an error that is told by mail.

    A mail has no reader whose role could be asked: it goes to a list, and on from there.
    """

    def conceal(subject: Effect | Event | Mapping[str, Any] | None, words: Text) -> Text:
        masking = Masking(spec(), frozenset(classes()))
        if isinstance(subject, Mapping):
            masking.value(subject)
        elif subject is not None:
            masking.system = subject.source if isinstance(subject, Event) else subject.system
            held = [subject.payload] if isinstance(subject, Event) else [subject.request, subject.evidence]
            for content in held:
                masking.value(values.decode(content) if content else None)
        english, chinese = (
            masking.words(each) or "" for each in (words.in_language("en"), words.in_language("zh"))
        )
        return Text(english, chinese)

    return conceal


class AlertLetters:
    """Writes the mails. See ``lineshaft.engine.notices`` for the facts of a notice."""

    def __init__(self, config: HubConfig, title: Callable[[str], Text]) -> None:
        self._alerts = config.alerts
        self._title = title
        self.console = config.server.public_url.rstrip("/")
        """Where the console is; links lead there."""

    def __call__(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the mail's payload."""
        write = {
            "outage": self._outage,
            "over": self._over,
            "dead_letters": self._letters,
            "unknown": self._unknown,
            "watch": self._watch,
            "task": self._task,
            "node": self._node,
            "briefing": self._briefing,
        }[facts["kind"]]
        languages: tuple[Language, ...] = ("zh", "en")
        if self._alerts.language in languages:
            languages = ("en",) if self._alerts.language == "en" else ("zh",)
        if facts.get("channel", MAIL_CHANNEL) != MAIL_CHANNEL and facts["kind"] == "node":
            shown = self._shown_in_a_group([write(facts, language) for language in languages])
            return {**shown, "to": list(facts["to"])}
        if facts.get("channel", MAIL_CHANNEL) != MAIL_CHANNEL:
            return self._shown_in_a_group([write(facts, language) for language in languages])
        written = [write(facts, language) for language in languages]
        subject = " ".join(" / ".join(subject for subject, _ in written).split())
        return {
            "to": facts.get("to") or list(self._alerts.mail_to),
            "language": languages[0],
            "subject": subject if len(subject) <= _SUBJECT_MAX else subject[: _SUBJECT_MAX - 1] + "…",
            "text": "\n\n----\n\n".join("\n".join(lines) for _, lines in written) + "\n",
        }

    def _shown_in_a_group(self, written: list[tuple[str, list[str]]]) -> dict[str, Any]:
        """Return what a group robot shows: Markdown."""
        title = " / ".join(subject for subject, _ in written)
        text = "\n\n---\n\n".join("\n\n".join([f"**{subject}**", *lines]) for subject, lines in written)
        # The smallest of the robots takes 4096 bytes.
        while len(text.encode()) > _ROBOT_BYTES_MAX:
            text = text[: len(text) - max(1, len(text) // 20)].rstrip() + "…"
        return {"title": title[:_SUBJECT_MAX], "text": text}

    def _watch(self, facts: Mapping[str, Any], language: Language) -> tuple[str, list[str]]:
        watch, owner = facts["watch"].get(language, ""), facts["owner"].get(language, "")
        what = WHAT[facts["alert"]].in_language(language)
        count = int(facts.get("count", 1))
        # A rule is often called what it finds.
        name = watch if what in watch else text("{watch}: {what}", "{watch}:{what}", watch=watch, what=what)
        why = _WHY.get(str(facts.get("why")))
        subject = text(
            "{why}{name}{many}",
            "{why}{name}{many}",
            why=why.in_language(language) if why is not None else "",
            name=name if isinstance(name, str) else name.in_language(language),
            many=text(" ({count} items)", "(共 {count} 笔)", count=count).in_language(language)
            if count > 1
            else "",
        )
        keys = list(facts.get("keys") or ()) or [facts.get("business_key")]
        shown = ", ".join(each for each in keys if each)
        severity = SEVERITY_WORDS.get(str(facts.get("severity")))
        limit_s = round(float(facts["limit_s"]))
        found = [
            (text("Severity", "级别"), severity.in_language(language) if severity is not None else None),
            (text("Number", "数量"), count if count > 1 else None),
            (text("Document", "单据"), (shown + (" …" if count > len(keys) else "")) or None),
            (text("Node", "环节"), facts["node"]),
            (text("Owner", "责任方"), owner or None),
            (text("For", "通知"), ", ".join(facts.get("persons") or ()) or None),
            (text("Since", "开始时间"), facts["since"].astimezone().strftime("%Y-%m-%d %H:%M:%S")),
            (text("Limit", "时限"), _lasting(limit_s, language) if limit_s else None),
        ]
        lines = [
            text("{name}: {value}", "{name}:{value}", name=name.in_language(language), value=value)
            for name, value in found
            if value is not None
        ]
        link = [text("Look: {link}", "查看:{link}", link=f"{self.console}/alerts")] if self.console else []
        return self._shown(subject, [*lines, *link], language)

    def _briefing(self, facts: Mapping[str, Any], language: Language) -> tuple[str, list[str]]:
        subject, lines = briefing_words.written(facts, language, self.console)
        return self._shown(subject, lines, language)

    def _task(self, facts: Mapping[str, Any], language: Language) -> tuple[str, list[str]]:
        key = f" ({facts['business_key']})" if facts.get("business_key") else ""
        urges = int(facts["urges"])
        if facts.get("above"):
            what = text(
                "Task is escalated: {task}{key}", "待办超时升级:{task}{key}", task=facts["task"], key=key
            )
        elif urges == 1:
            what = text("Task is due: {task}{key}", "待办已到期:{task}{key}", task=facts["task"], key=key)
        else:
            what = text("Task is late: {task}{key}", "待办催办:{task}{key}", task=facts["task"], key=key)
        found = [
            (text("Document", "单据"), facts.get("business_key")),
            (text("Due", "到期时间"), facts["due_at"].astimezone().strftime("%Y-%m-%d %H:%M")),
            (text("With", "办理人"), ", ".join(facts["people"]) or None),
            (text("Escalated to", "升级至"), ", ".join(facts.get("above") or ()) or None),
            (text("Times urged", "催办次数"), urges),
            (text("Look", "办理"), f"{self.console}/tasks/{facts['key']}" if self.console else None),
        ]
        lines = [
            text("{name}: {value}", "{name}:{value}", name=name.in_language(language), value=value)
            for name, value in found
            if value is not None
        ]
        return self._shown(what, lines, language)

    def _node(self, facts: Mapping[str, Any], language: Language) -> tuple[str, list[str]]:
        return self._shown(*node_words.written(facts, language, self.console), language)

    def _outage(self, facts: Mapping[str, Any], language: Language) -> tuple[str, list[str]]:
        system = self._system(facts, language)
        subject = text("{system} is down", "{system} 连接中断", system=system)
        lines = [
            text(
                "{system} cannot be reached since {at}.",
                "{at} 起无法连接 {system}。",
                system=system,
                at=_at(facts),
            ),
            *self._case(facts, language),
            text(
                "Everything else for {system} waits without being called and goes out, oldest first, when it "
                "is there again. You get one more mail then.",
                "发往 {system} 的其余单据已保留并暂停发送,系统恢复后按先后顺序补发,届时会再发一封邮件。",
                system=system,
            ),
            *self._link(facts),
        ]
        return self._shown(subject, lines, language)

    def _over(self, facts: Mapping[str, Any], language: Language) -> tuple[str, list[str]]:
        system = self._system(facts, language)
        lasted = _duration(facts, language)
        subject = text(
            "{system} is back after {lasted}", "{system} 已恢复(中断 {lasted})", system=system, lasted=lasted
        )
        lines = [
            text(
                "{system} answers again since {at}.",
                "{at} 起 {system} 已恢复。",
                system=system,
                at=_at(facts),
            ),
            text("It was away for {lasted}.", "中断时长:{lasted}。", lasted=lasted),
            text(
                "{count} waiting calls now go out, oldest first.",
                "积压的 {count} 笔单据正按先后顺序补发。",
                count=facts.get("waiting", 0),
            ),
        ]
        return self._shown(subject, lines, language)

    def _letters(self, facts: Mapping[str, Any], language: Language) -> tuple[str, list[str]]:
        count, error = int(facts.get("count", 1)), self._error(facts, language)
        subject = text(
            "{key} failed: {error}" if count == 1 else "{count} documents failed: {error}",
            "单据 {key} 异常:{error}" if count == 1 else "{count} 笔单据异常:{error}",
            key=facts.get("business_key") or facts.get("operation"),
            count=count,
            error=error,
        )
        lines = self._case(facts, language)
        if count > 1:
            lines.insert(
                0,
                text(
                    "{count} documents failed for the same cause; the first of them:",
                    "同一原因共有 {count} 笔单据异常,首笔如下:",
                    count=count,
                ),
            )
        return self._shown(subject, [*lines, *self._link(facts)], language)

    def _unknown(self, facts: Mapping[str, Any], language: Language) -> tuple[str, list[str]]:
        count, system = int(facts.get("count", 1)), self._system(facts, language)
        subject = text(
            "{key}: the outcome in {system} is unknown"
            if count == 1
            else "{count} documents: the outcome in {system} is unknown",
            "单据 {key} 在 {system} 的结果待核实" if count == 1 else "{count} 笔单据在 {system} 的结果待核实",
            key=facts.get("business_key") or facts.get("operation"),
            count=count,
            system=system,
        )
        lines = [
            *self._case(facts, language),
            text(
                "It was sent, but no reliable answer came, and {system} cannot be asked. It is not sent "
                "again: look into {system} and decide.",
                "单据已发出,但没有收到可靠的应答,且无法自动向 {system} 核实。"
                "系统不会重复发送,请在 {system} 中查看后判定。",
                system=system,
            ),
        ]
        if self.console:
            link = f"{self.console}/unknown"
            lines.append(text("Look and decide: {link}", "查看与判定:{link}", link=link))
        return self._shown(subject, lines, language)

    # -- parts ---------------------------------------------------------------------------------------------

    def _case(self, facts: Mapping[str, Any], language: Language) -> list[Text]:
        """Return the lines about the item that failed."""
        found = [
            (text("Process", "流程"), facts.get("process")),
            (text("Document", "单据"), facts.get("business_key")),
            (text("System", "系统"), self._system(facts, language) if facts.get("system") else None),
            (text("Operation", "操作"), facts.get("operation")),
            (text("Calls", "调用次数"), facts.get("attempts") or None),
            (text("Error", "错误"), self._error(facts, language)),
            (text("Time", "时间"), _at(facts)),
        ]
        return [
            text("{name}: {value}", "{name}:{value}", name=name.in_language(language), value=value)
            for name, value in found
            if value is not None
        ]

    def _link(self, facts: Mapping[str, Any]) -> list[Text]:
        if not self.console:
            return []
        if facts.get("letter") is None:
            # Nothing failed that could be replayed: the map shows what stands still.
            return [text("Look: {link}", "查看:{link}", link=f"{self.console}/")]
        link = f"{self.console}/dead-letters/{facts['letter']}"
        return [text("Look and replay: {link}", "查看与重放:{link}", link=link)]

    def _system(self, facts: Mapping[str, Any], language: Language) -> str:
        return self._title(str(facts["system"])).in_language(language)

    def _error(self, facts: Mapping[str, Any], language: Language) -> str:
        return str((facts.get("error") or {}).get(language, ""))

    def _shown(self, subject: Text, lines: list[Text], language: Language) -> tuple[str, list[str]]:
        return f"[Lineshaft] {subject.in_language(language)}", [each.in_language(language) for each in lines]


def _at(facts: Mapping[str, Any]) -> str:
    """Return when it happened, in the server's own time zone."""
    at: datetime = facts["at"]
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _lasting(seconds: int, language: Language) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    units = ((hours, "h", "小时"), (minutes, "min", "分"), (rest, "s", "秒"))
    return " ".join(f"{count} {en if language == 'en' else zh}" for count, en, zh in units if count)


def _duration(facts: Mapping[str, Any], language: Language) -> str:
    since = facts.get("since")
    whole = int((facts["at"] - since) / timedelta(seconds=1)) if since is not None else 0
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    units = ((hours, "h", "小时"), (minutes, "min", "分"), (seconds, "s", "秒"))
    shown = [f"{count} {en}" if language == "en" else f"{count} {zh}" for count, en, zh in units if count]
    return " ".join(shown[:2]) or ("0 s" if language == "en" else "0 秒")
