"""The hub's configuration: one frozen tree, read once, handed down.

Order: defaults < TOML file < environment (``LINESHAFT_…``) < command line. Everything that is wrong is told
together, with its place and a remedy. Secrets never stand here: a setting refers to one as ``secret:NAME``.

    data_dir = ".lineshaft"

    [store]
    url = "sqlite:///.lineshaft/hub.db"      # or postgresql://user@host/db, or memory:

    [server]
    port = 8420

    [engine]
    lease_ttl_s = 6.0

    [alerts]
    mail_to = ["it@factory.example"]
    mail_system = "mail"

    [systems.crm]                            # the settings that the system's manifest asks for
    base_url = "https://crm.example"
    home_url = "https://crm.example/"        # its own first page, for people
    page_url = "https://crm.example/{kind}/{number}"  # its own page of a document

In the environment the path of a key is joined by ``_``: ``LINESHAFT_STORE_URL``,
``LINESHAFT_SYSTEMS_CRM_BASE_URL``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

from lineshaft.app.keeping_config import (
    DAYS,
    KEEPING_LIMITS,
    BackupConfig,
    BriefingConfig,
    DriftConfig,
    RetentionConfig,
    TelemetryConfig,
)
from lineshaft.base.errors import ConfigError, InputError, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.engine.config import EngineConfig, RetryPolicy
from lineshaft.security.addresses import networks
from lineshaft.security.duties import TWO_PERSONS
from lineshaft.security.secrets import is_secret

PREFIX = "LINESHAFT_"
ADMIN_TOKEN = "admin.token"  # noqa: S105 - the name of the file that holds it
"""The file in the data folder with the first administrator's token."""
NOT_SETTINGS = ("LINESHAFT_SECRET_", "LINESHAFT_PROOF_", "LINESHAFT_SKIP_", "LINESHAFT_TEST_")
"""Beginnings of variables that are no settings."""
NOT_SETTING = (
    "LINESHAFT_MASTER_KEYS",
    "LINESHAFT_CONFIG",
    "LINESHAFT_URL",
    "LINESHAFT_TOKEN",
    "LINESHAFT_LANG",
)


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Where everything durable lies."""

    url: str = ""
    """``sqlite:///path``, ``postgresql://…`` or ``memory:``; ``""``: ``hub.db`` in the data folder."""
    pool_max: int = 4
    """Connections of this process to PostgreSQL, beside the one that listens."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How the API is reached."""

    host: str = "127.0.0.1"
    port: int = 8420
    """0: any free port; it is printed, and written into the lock file."""
    public_url: str = ""
    """How other systems reach the hub, for webhooks; ``""``: the address it listens on."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What may be set of the engine; see ``lineshaft.engine.config``."""

    tenant: str = "default"
    lease_ttl_s: float = 6.0
    lease_margin_s: float = 2.0
    heartbeat_s: float = 1.5
    poll_s: float = 0.5
    commit_batch_max: int = 400
    committers: int = 1
    in_hand_max: int = 2_000
    calls_max: int = 200
    live_instances_max: int = 20_000
    retry_gaps_s: tuple[float, ...] = (2.0, 8.0, 30.0)
    check_gaps_s: tuple[float, ...] = (5.0, 10.0, 20.0, 40.0, 60.0)
    message_ttl_s: float = 3600.0
    backlog_events_max: int = 100_000
    """Events that may wait to be routed; above it intake answers 429 and sources rest."""
    backlog_age_s_max: float = 3600.0
    """How long the oldest of them may have waited."""
    shutdown_s: float = 10.0
    feed: bool = True
    """Whether the hub tells other programs what happens: the event feed, and the subscriptions to it."""

    def engine_config(self) -> EngineConfig:
        """Return the engine's own configuration."""
        return EngineConfig(
            tenant=self.tenant,
            lease_ttl_s=self.lease_ttl_s,
            lease_margin_s=self.lease_margin_s,
            heartbeat_s=self.heartbeat_s,
            poll_s=self.poll_s,
            commit_batch_max=self.commit_batch_max,
            committers=self.committers,
            in_hand_max=self.in_hand_max,
            calls_max=self.calls_max,
            live_instances_max=self.live_instances_max,
            retry=RetryPolicy(self.retry_gaps_s),
            check_gaps_s=self.check_gaps_s,
            message_ttl_s=self.message_ttl_s,
            shutdown_s=self.shutdown_s,
            tells_facts=self.feed,
        )


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """Who is told by mail of outages and dead letters, and how the mails go out."""

    mail_to: tuple[str, ...] = ()
    """Addresses of the IT team; empty: nobody is told, trouble is only shown in the console."""
    mail_from: str = ""
    """Sender's address; ``""``: that of the mail system."""
    language: str = "zh"
    """``zh``, ``en`` or ``both``."""
    mail_system: str = ""
    """A connected system of kind ``mail`` whose server and login are used; ``""``: the settings below."""
    smtp_host: str = ""
    smtp_port: int = 0
    """0: 25, 587 or 465, as ``smtp_tls`` says."""
    smtp_tls: str = ""
    """``off``, ``starttls`` or ``implicit``; ``""``: ``starttls``, on this machine itself ``off``."""
    smtp_user: str = ""
    """``secret:NAME``; ``""``: no login."""
    smtp_password: str = ""
    """``secret:NAME``."""
    gather_s: float = 10.0
    """How long the first dead letter of a cause waits for others like it, so that they make one mail."""
    quiet_s: float = 3600.0
    """How long further dead letters of a cause gather before the next mail about it."""
    look_s: float = 15.0
    """How often the hub looks for what its alert rules say."""


@dataclass(frozen=True, slots=True)
class SubscriptionsConfig:
    """Where the hub may send what it tells."""

    hosts: tuple[str, ...] = ()
    """Hosts (``erp.example.com``, ``10.0.0.7:8080``) that subscriptions may name; empty: none may be made."""
    timeout_s: float = 15.0
    """How long a receiver may take to answer."""
    give_up_h: float = 72.0
    """A subscription whose receiver failed for so long is disabled, and an operator is told."""


@dataclass(frozen=True, slots=True)
class ConsoleConfig:
    """What the console's pages say of this hub."""

    environment: str = ""
    """``production``, ``test`` or ``simulation``, shown on every page; ``""``: nothing is shown."""
    speed: float = 0.0
    """Simulated seconds per second, shown in a simulation; 0: not shown."""
    demo_roles: bool = False
    """Whether anybody may sign in as a role of the demo's factory; in a simulation only."""


@dataclass(frozen=True, slots=True)
class SecurityConfig:
    """Who may come in, and for how long."""

    session_hours: float = 12.0
    """After this time people sign in again, in any case."""
    session_idle_minutes: float = 120.0
    """Without a request for so long, too."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; empty:
    nobody's, not even those of a proxy on this machine."""
    hook_addresses: tuple[str, ...] = ()
    """``system=network``: from where a system's webhooks may come; a system that is not named: anywhere."""
    group_roles: tuple[str, ...] = ()
    """``group=role``: what a group of the firm's directory or identity provider means here."""
    default_roles: tuple[str, ...] = ()
    """Roles of whoever is in none of these groups; empty: they stay outside."""
    oidc_issuer: str = ""
    """The identity provider's own name, an https:// address; empty: there is none."""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    """``secret:NAME``; empty for a public client."""
    oidc_title_zh: str = "企业账号登录"
    oidc_title_en: str = "Sign in with the firm's account"
    oidc_scopes: tuple[str, ...] = ("openid", "profile", "email")
    oidc_login_claim: str = "preferred_username"
    oidc_groups_claim: str = "groups"
    oidc_department_claim: str = ""
    ldap_url: str = ""
    """``ldaps://host`` or ``ldap://host``; empty: there is none."""
    ldap_start_tls: bool = True
    """With ``ldap://``: go on encrypted before anything is said."""
    ldap_ca_file: str = ""
    ldap_base: str = ""
    """Below which people are looked for, e.g. ``dc=firm,dc=example``."""
    ldap_user_filter: str = "(|(uid={login})(sAMAccountName={login}))"
    ldap_bind_dn: str = ""
    """Who looks people up; empty: anybody may."""
    ldap_bind_password: str = ""
    """``secret:NAME``."""
    ldap_name_attribute: str = "cn"
    ldap_mail_attribute: str = "mail"
    ldap_group_attribute: str = "memberOf"
    ldap_department_attribute: str = ""
    """Whose value is the id of a department here; empty: the hub says it."""
    two_persons: tuple[str, ...] = ("money", "production")
    """What one person proposes and another approves: ``money`` (replay and repair of money documents),
    ``production`` (publishing there), ``letters`` (every replay), ``roles`` (granting rights to people,
    positions, roles, tokens)."""


@dataclass(frozen=True, slots=True)
class LogConfig:
    """What is written to standard error, as JSON lines."""

    level: str = "info"
    """``debug``, ``info``, ``warning`` or ``error``."""


@dataclass(frozen=True, slots=True)
class HubConfig:
    """Everything that can be set."""

    data_dir: Path = Path(".lineshaft")
    """The hub's own folder: SQLite file, lock, tokens."""
    secrets_file: str = ""
    """A TOML file with ``name = "value"`` lines that only its owner may read; ``""``: environment only."""
    store: StoreConfig = field(default_factory=StoreConfig)
    server: ServerConfig = field(default_factory=ServerConfig)
    engine: EngineSettings = field(default_factory=EngineSettings)
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    subscriptions: SubscriptionsConfig = field(default_factory=SubscriptionsConfig)
    console: ConsoleConfig = field(default_factory=ConsoleConfig)
    security: SecurityConfig = field(default_factory=SecurityConfig)
    log: LogConfig = field(default_factory=LogConfig)
    retention: RetentionConfig = field(default_factory=RetentionConfig)
    backup: BackupConfig = field(default_factory=BackupConfig)
    briefing: BriefingConfig = field(default_factory=BriefingConfig)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
    drift: DriftConfig = field(default_factory=DriftConfig)
    systems: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    """System → the settings its manifest asks for."""

    @property
    def store_url(self) -> str:
        """Where the store lies, its default filled in."""
        return self.store.url or f"sqlite:///{self.data_dir / 'hub.db'}"

    @property
    def sqlite_path(self) -> Path | None:
        """The SQLite file; ``None`` for other makes."""
        url = self.store_url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "server.port": (0, 65_535),
        "store.pool_max": (2, 100),
        "engine.lease_ttl_s": (1, 600),
        "engine.lease_margin_s": (0.1, 300),
        "engine.heartbeat_s": (0.1, 300),
        "engine.poll_s": (0.01, 60),
        "engine.commit_batch_max": (1, 5_000),
        "engine.committers": (1, 32),
        "engine.in_hand_max": (10, 100_000),
        "engine.calls_max": (1, 10_000),
        "engine.live_instances_max": (100, 1_000_000),
        "engine.message_ttl_s": (0, 31_536_000),
        "engine.backlog_events_max": (1, 100_000_000),
        "engine.backlog_age_s_max": (1, 31_536_000),
        "engine.shutdown_s": (0, 600),
        "alerts.smtp_port": (0, 65_535),
        "alerts.gather_s": (0, 3_600),
        "alerts.quiet_s": (1, 604_800),
        "alerts.look_s": (0.1, 3_600),
        "subscriptions.timeout_s": (1, 60),
        "subscriptions.give_up_h": (0.01, 8_760),
        "console.speed": (0, 1_000_000),
        "security.session_hours": (0.01, 720),
        "security.session_idle_minutes": (0.1, 43_200),
        **KEEPING_LIMITS,
    }
)
"""Smallest and greatest value of every number."""

_ENVIRONMENTS = ("", "production", "test", "simulation")
_LEVELS = ("debug", "info", "warning", "error")


def read_config(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> HubConfig:
    """Return the configuration.

    Args:
        file: A TOML file; it must exist where it is given.
        environment: The process's environment.
        options: From the command line, by dotted path (``server.port``); ``None`` values do not count.

    Raises:
        ConfigError: Everything that is wrong, in one message; ``context["problems"]`` has it singly.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    systems: dict[str, dict[str, Any]] = {}
    if file is not None:
        _take_tree(_read_file(file), str(file), values, systems, problems)
    _take_environment(environment or {}, values, systems, problems)
    for path, value in (options or {}).items():
        if value is not None:
            _take(path, value, "command line", values, problems)
    _judge(values, problems)
    if problems:
        raise _error(problems)
    return _made(values, systems)


# -- the tree as a table of paths ------------------------------------------------------------------------


def _table() -> dict[str, tuple[Any, Any]]:
    """Return every setting's path with its type and default."""
    table: dict[str, tuple[Any, Any]] = {}

    def walk(kind: Any, prefix: str) -> None:
        hints = get_type_hints(kind)
        instance = kind()
        for each in fields(kind):
            if each.name == "systems":
                continue
            if is_dataclass(hints[each.name]):
                walk(hints[each.name], f"{prefix}{each.name}.")
            else:
                table[prefix + each.name] = (hints[each.name], getattr(instance, each.name))

    walk(HubConfig, "")
    return table


SETTINGS = _table()
"""Every setting by its dotted path: its type and its default."""


def _made(values: Mapping[str, Any], systems: Mapping[str, Mapping[str, Any]]) -> HubConfig:
    def make(kind: Any, prefix: str) -> Any:
        hints = get_type_hints(kind)
        arguments: dict[str, Any] = {}
        for each in fields(kind):
            path = prefix + each.name
            if each.name == "systems":
                arguments["systems"] = MappingProxyType(
                    {name: MappingProxyType(dict(settings)) for name, settings in systems.items()}
                )
            elif is_dataclass(hints[each.name]):
                arguments[each.name] = make(hints[each.name], f"{path}.")
            elif path in values:
                arguments[each.name] = values[path]
        return kind(**arguments)

    config: HubConfig = make(HubConfig, "")
    return config


# -- the three sources -----------------------------------------------------------------------------------


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            text(
                "Expected a configuration file {path}, but there is none.",
                "找不到配置文件 {path}。",
                path=file,
            ),
            code="config_missing",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            text(
                "Expected TOML in {path}, but: {error}",
                "{path} 不是有效的 TOML:{error}",
                path=file,
                error=error,
            ),
            code="config_unreadable",
        ) from error


def _take_tree(
    tree: Mapping[str, Any],
    where: str,
    values: dict[str, Any],
    systems: dict[str, dict[str, Any]],
    problems: list[Problem],
    *,
    prefix: str = "",
) -> None:
    for key, value in tree.items():
        path = prefix + key
        if path == "systems" and isinstance(value, Mapping):
            for name, settings in value.items():
                if isinstance(settings, Mapping):
                    systems.setdefault(name, {}).update(settings)
                else:
                    _wrong_kind(f"systems.{name}", "table", settings, where, problems)
        elif isinstance(value, Mapping) and any(known.startswith(f"{path}.") for known in SETTINGS):
            _take_tree(value, where, values, systems, problems, prefix=f"{path}.")
        else:
            _take(path, value, where, values, problems)


def _take_environment(
    environment: Mapping[str, str],
    values: dict[str, Any],
    systems: dict[str, dict[str, Any]],
    problems: list[Problem],
) -> None:
    names = {PREFIX + path.replace(".", "_").upper(): path for path in SETTINGS}
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name.startswith(NOT_SETTINGS) or name in NOT_SETTING:
            continue
        if name.startswith(f"{PREFIX}SYSTEMS_"):
            system, _, setting = name.removeprefix(f"{PREFIX}SYSTEMS_").lower().partition("_")
            systems.setdefault(system, {})[setting] = environment[name]
        elif name in names:
            _take(names[name], environment[name], name, values, problems)
        else:
            _unknown(name, list(names), "environment", problems)


def _take(path: str, value: Any, where: str, values: dict[str, Any], problems: list[Problem]) -> None:
    if path not in SETTINGS:
        _unknown(path, [*SETTINGS, "systems"], where, problems)
        return
    kind, _ = SETTINGS[path]
    try:
        values[path] = _converted(kind, value)
    except (TypeError, ValueError):
        _wrong_kind(path, _kind_name(kind), value, where, problems)


def _converted(kind: Any, value: Any) -> Any:
    if kind is str:
        if not isinstance(value, str):
            raise TypeError
        return value
    if kind is Path:
        if not isinstance(value, str | Path):
            raise TypeError
        return Path(value)
    if kind is bool:
        word = str(value).lower()
        if word not in ("true", "false"):
            raise ValueError
        return word == "true"
    if isinstance(value, bool):
        raise TypeError
    if kind is int:
        if isinstance(value, float):
            raise TypeError
        return int(value)
    if kind is float:
        return float(value)
    # What is left is a row of texts or numbers.
    parts: Sequence[Any] = value.split(",") if isinstance(value, str) else value
    if kind == tuple[str, ...]:
        if not all(isinstance(part, str) for part in parts):
            raise TypeError
        return tuple(part.strip() for part in parts if part.strip())
    return tuple(float(part) for part in parts)


def _judge(values: Mapping[str, Any], problems: list[Problem]) -> None:
    for path, (low, high) in LIMITS.items():
        value = values.get(path)
        if value is not None and not low <= value <= high:
            problems.append(
                Problem(
                    "config_limit",
                    text(
                        "Expected {path} between {low:g} and {high:g}, but it is {value:g}.",
                        "{path} 应在 {low:g} 到 {high:g} 之间,实际为 {value:g}。",
                        path=path,
                        low=low,
                        high=high,
                        value=value,
                    ),
                    Place(path=path),
                )
            )
    ttl = values.get("engine.lease_ttl_s", SETTINGS["engine.lease_ttl_s"][1])
    spent = values.get("engine.lease_margin_s", SETTINGS["engine.lease_margin_s"][1]) + values.get(
        "engine.heartbeat_s", SETTINGS["engine.heartbeat_s"][1]
    )
    if ttl <= spent:
        problems.append(
            Problem(
                "config_lease",
                text(
                    "Expected engine.lease_ttl_s above lease_margin_s + heartbeat_s = {spent:g}, "
                    "but it is {ttl:g}.",
                    "engine.lease_ttl_s 应大于 lease_margin_s + heartbeat_s = {spent:g},实际为 {ttl:g}。",
                    spent=spent,
                    ttl=ttl,
                ),
                Place(path="engine.lease_ttl_s"),
                hint=text(
                    "A lease that cannot be renewed in time stops every call.",
                    "租约来不及续期时,所有调用都会停止。",
                ),
            )
        )
    level = values.get("log.level", "info")
    if level not in _LEVELS:
        _one_of("log.level", level, _LEVELS, problems)
    if values.get("backup.nightly", "auto") not in ("on", "off", "auto"):
        _one_of("backup.nightly", values["backup.nightly"], ("on", "off", "auto"), problems)
    for name in ("backup.at", "briefing.at"):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", values.get(name, "02:30")):
            _one_of(name, values[name], ("HH:MM",), problems)
    for day in values.get("briefing.days", ()):
        if day not in DAYS:
            _one_of("briefing.days", day, DAYS, problems)
    _judge_alerts(values, problems)
    _judge_console(values, problems)
    _judge_security(values, problems)
    url = values.get("store.url", "")
    if url and not url.startswith(("sqlite:///", "postgresql://", "postgres://", "memory:")):
        _one_of("store.url", url, ("sqlite:///path", "postgresql://…", "memory:"), problems)


def _judge_console(values: Mapping[str, Any], problems: list[Problem]) -> None:
    environment = values.get("console.environment", "")
    if environment not in _ENVIRONMENTS:
        _one_of("console.environment", environment, _ENVIRONMENTS[1:], problems)
    if values.get("console.demo_roles") and environment != "simulation":
        problems.append(
            Problem(
                "config_demo_roles",
                text(
                    'Expected console.environment = "simulation" where console.demo_roles is on: '
                    "with it anybody may sign in.",
                    'console.demo_roles 允许任何人登录,仅可与 console.environment = "simulation" 一起使用。',
                ),
                Place(path="console.demo_roles"),
            )
        )


def _judge_security(values: Mapping[str, Any], problems: list[Problem]) -> None:
    for path in ("security.trusted_proxies", "security.hook_addresses"):
        for each in values.get(path, ()):
            try:
                networks([each.rpartition("=")[2]])
            except InputError as error:
                problems.append(Problem("config_address", error.message, Place(path=path)))
    for path in ("security.oidc_client_secret", "security.ldap_bind_password"):
        if not str(values.get(path, "") or "secret:").startswith("secret:"):
            message = text("Expected {path} to be secret:NAME.", "{path} 应写成 secret:名称。", path=path)
            problems.append(Problem("config_secret", message, Place(path=path)))
    for path, other in (("oidc_issuer", "oidc_client_id"), ("ldap_url", "ldap_base")):
        if values.get(f"security.{path}") and not values.get(f"security.{other}"):
            message = text(
                "Expected security.{other} beside security.{path}.",
                "设置了 security.{path},还需 security.{other}。",
                path=path,
                other=other,
            )
            problems.append(Problem("config_sign_in", message, Place(path=f"security.{other}")))
    for each in values.get("security.two_persons", ()):
        if each not in TWO_PERSONS:
            _one_of("security.two_persons", each, TWO_PERSONS, problems)


def _judge_alerts(values: Mapping[str, Any], problems: list[Problem]) -> None:
    language = values.get("alerts.language", "zh")
    if language not in ("zh", "en", "both"):
        _one_of("alerts.language", language, ("zh", "en", "both"), problems)
    tls = values.get("alerts.smtp_tls", "")
    if tls not in ("", "off", "starttls", "implicit"):
        _one_of("alerts.smtp_tls", tls, ("off", "starttls", "implicit"), problems)
    for path in ("alerts.smtp_user", "alerts.smtp_password"):
        if not str(values.get(path, "") or "secret:").startswith("secret:"):
            message = text("Expected {path} to be secret:NAME.", "{path} 应写成 secret:名称。", path=path)
            problems.append(Problem("config_secret", message, Place(path=path)))
    by_system, by_host = values.get("alerts.mail_system"), values.get("alerts.smtp_host")
    if values.get("alerts.mail_to") and not (by_system or (by_host and values.get("alerts.mail_from"))):
        message = text(
            "Expected alerts.mail_system, or alerts.smtp_host and alerts.mail_from, beside alerts.mail_to.",
            "设置了 alerts.mail_to,还需 alerts.mail_system,或 alerts.smtp_host 与 alerts.mail_from。",
        )
        problems.append(Problem("config_alerts", message, Place(path="alerts.mail_to")))


# -- words -----------------------------------------------------------------------------------------------


def _unknown(name: str, known: Sequence[str], where: str, problems: list[Problem]) -> None:
    near = get_close_matches(name, known, 1)
    problems.append(
        Problem(
            "config_unknown",
            text("There is no setting `{name}`.", "没有名为 `{name}` 的设置。", name=name),
            Place(file=where, path=name),
            hint=text("Did you mean `{near}`?", "是否想写 `{near}`?", near=near[0]) if near else None,
        )
    )


def _wrong_kind(path: str, kind: str, value: Any, where: str, problems: list[Problem]) -> None:
    shown = "***" if is_secret(path, value) else repr(value)
    problems.append(
        Problem(
            "config_type",
            text(
                "Expected {kind} for {path}, but it is {value}.",
                "{path} 应为 {kind},实际为 {value}。",
                kind=kind,
                path=path,
                value=shown,
            ),
            Place(file=where, path=path),
        )
    )


def _one_of(path: str, value: str, known: Sequence[str], problems: list[Problem]) -> None:
    problems.append(
        Problem(
            "config_choice",
            text(
                "Expected {path} to be one of {known}, but it is {value}.",
                "{path} 应为 {known} 之一,实际为 {value}。",
                path=path,
                known=", ".join(known),
                value=value,
            ),
            Place(path=path),
        )
    )


def _kind_name(kind: Any) -> str:
    return {bool: "true or false", str: "text", int: "a whole number", float: "a number", Path: "a path"}.get(
        kind, "numbers"
    )


def _error(problems: Sequence[Problem]) -> ConfigError:
    def lines(zh: bool) -> str:
        found = []
        for problem in problems:
            language = "zh" if zh else "en"
            hint = f" {problem.hint.in_language(language)}" if problem.hint else ""  # type: ignore[arg-type]
            place = f"{problem.place.file}: " if problem.place.file else ""
            found.append(f"{place}{problem.message.in_language(language)}{hint}")  # type: ignore[arg-type]
        return "\n".join(found)

    return ConfigError(Text(lines(zh=False), lines(zh=True)), context={"problems": list(problems)})


def shown(config: HubConfig) -> dict[str, Any]:
    """Return every setting with its value for people; secrets as ``***``."""
    found: dict[str, Any] = {}

    def walk(value: Any, prefix: str) -> None:
        for each in fields(value):
            inner = getattr(value, each.name)
            if each.name == "systems":
                for name, settings in inner.items():
                    for key, setting in settings.items():
                        hidden = is_secret(key, setting)
                        found[f"systems.{name}.{key}"] = "***" if hidden else setting
            elif is_dataclass(inner):
                walk(inner, f"{prefix}{each.name}.")
            else:
                found[prefix + each.name] = str(inner) if isinstance(inner, Path) else inner

    walk(config, "")
    url = str(found["store.url"])
    if "@" in url:
        # A database address may carry a password.
        scheme, _, rest = url.partition("://")
        user = rest.rpartition("@")[0].partition(":")[0]
        found["store.url"] = f"{scheme}://{user}:***@{rest.rpartition('@')[2]}"
    return found
