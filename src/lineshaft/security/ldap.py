"""Signing in against LDAP or Active Directory (RFC 4511): find the person, then bind as them.

The protocol is the package ldap3's, which blocks: it runs on a few threads of its own. A password is never
sent without encryption but to this very machine, and certificates and names are checked by Python's own ssl.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from lineshaft.base.errors import ConfigError, OperationalError
from lineshaft.base.text import Text, text
from lineshaft.security.sign_in_methods import Step
from lineshaft.security.signing_in import OutsidePerson

if TYPE_CHECKING:
    from ldap3 import Connection

TIMEOUT_S: Final = 10
_INVALID_CREDENTIALS: Final = 49
_SIZE_LIMIT_EXCEEDED: Final = 4
_threads: Final = ThreadPoolExecutor(4, thread_name_prefix="ldap")


class LdapTrouble(OperationalError):
    """The directory cannot be asked now."""

    default_code = "ldap_unavailable"


@dataclass(frozen=True, slots=True)
class LdapSettings:
    """Where the directory is, and what its entries are called."""

    url: str
    """``ldaps://host``, or ``ldap://host`` with ``start_tls``."""
    base: str
    """Below which people are looked for: ``dc=firm,dc=example``."""
    user_filter: str = "(|(uid={login})(sAMAccountName={login}))"
    bind_dn: str = ""
    """Who looks people up; empty: anybody may."""
    bind_password: str = ""
    start_tls: bool = True
    ca_file: str = ""
    name_attribute: str = "cn"
    mail_attribute: str = "mail"
    group_attribute: str = "memberOf"
    department_attribute: str = ""
    """Whose value is the id of a department here; empty: the hub says it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory says of somebody."""

    dn: str
    attributes: dict[str, list[str]]

    def first(self, name: str) -> str:
        """Return the first value of an attribute, or nothing."""
        return next(iter(self.attributes.get(name.casefold(), [])), "") if name else ""


class LdapDirectory:
    """A directory that people sign in against."""

    def __init__(self, settings: LdapSettings) -> None:
        parts = urlsplit(settings.url)
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
            raise ConfigError(
                text("Expected ldap://host or ldaps://host.", "应为 ldap://主机 或 ldaps://主机。"),
                code="ldap_url",
            )
        self._settings = settings
        self._host = parts.hostname
        self._tls_from_start = parts.scheme == "ldaps"
        self._port = parts.port or (636 if self._tls_from_start else 389)
        if not self._tls_from_start and not settings.start_tls and not _is_here(self._host):
            raise ConfigError(
                text(
                    "Expected ldaps:// or start_tls: passwords do not go over the network in the clear.",
                    "请使用 ldaps:// 或 start_tls:密码不得明文传输。",
                ),
                code="ldap_plain",
            )
        _check_filter(settings.user_filter.replace("{login}", "somebody"))

    async def sign_in(self, login: str, password: str) -> OutsidePerson | None:
        """Return who signs in; ``None`` where login or password are wrong.

        Raises:
            LdapTrouble: The directory cannot be asked now.
        """
        if not password:
            # Such a bind would be anonymous, and succeed (RFC 4513 §5.1.2).
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asyncio.get_running_loop().run_in_executor(
                    _threads, self._sign_in, login, password
                )
        except (OSError, TimeoutError, _ldap3().core.exceptions.LDAPException) as error:
            raise self._trouble(error) from error

    def steps(self) -> list[Step]:
        """Return what a test does: connect encrypted, sign in as the hub itself, look below the base."""
        return [
            (text("Connect", "连接"), lambda: self._asked(self._connect)),
            (text("The hub's own login", "系统绑定账号"), lambda: self._asked(self._bind)),
            (text("Look for people", "查询人员"), lambda: self._asked(self._look)),
        ]

    async def _asked(self, work: Callable[[], Text]) -> Text:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asyncio.get_running_loop().run_in_executor(_threads, work)
        except (OSError, TimeoutError, _ldap3().core.exceptions.LDAPException) as error:
            raise self._trouble(error) from error

    def _connect(self) -> Text:
        with self._connected("", "") as line:
            return (
                text("encrypted, its certificate is good", "已加密,证书有效")
                if line.tls_started or self._tls_from_start
                else text("on this machine, not encrypted", "本机连接,未加密")
            )

    def _bind(self) -> Text:
        settings = self._settings
        with self._connected(settings.bind_dn, settings.bind_password) as line:
            if settings.bind_dn and not _bound(line):
                raise _own_login_refused()
        return text("{dn}", "{dn}", dn=settings.bind_dn or "anonymous")

    def _look(self) -> Text:
        settings = self._settings
        with self._connected(settings.bind_dn, settings.bind_password) as line:
            if settings.bind_dn and not _bound(line):
                raise _own_login_refused()
            self._found(line, "nobody-of-this-name")
        return text("{base} can be searched", "可查询 {base}", base=settings.base)

    def _trouble(self, error: BaseException) -> LdapTrouble:
        return LdapTrouble(
            text(
                "The directory {host} cannot be asked: {error}",
                "目录服务 {host} 不可用:{error}",
                host=self._host,
                error=error.__class__.__name__,
            )
        )

    def _sign_in(self, login: str, password: str) -> OutsidePerson | None:
        settings = self._settings
        with self._connected(settings.bind_dn, settings.bind_password) as line:
            if settings.bind_dn and not _bound(line):
                raise _own_login_refused()
            found = self._found(line, login)
        if len(found) != 1:
            # Two entries of one login: nobody can say who it is.
            return None
        [entry] = found
        with self._connected(entry.dn, password) as line:
            if not _bound(line):
                return None
        groups = entry.attributes.get(settings.group_attribute.casefold(), [])
        return OutsidePerson(
            login,
            entry.dn.casefold(),
            entry.first(settings.name_attribute),
            entry.first(settings.mail_attribute),
            [*groups, *map(_first_name, groups)],
            entry.first(settings.department_attribute),
        )

    @contextmanager
    def _connected(self, dn: str, password: str) -> Iterator[Connection]:
        ldap3 = _ldap3()
        context = ssl.create_default_context(cafile=self._settings.ca_file or None)
        server = ldap3.Server(
            self._host,
            self._port,
            use_ssl=self._tls_from_start,
            tls=_checking(context, self._host),
            connect_timeout=TIMEOUT_S,
            get_info=ldap3.NONE,
        )
        line = ldap3.Connection(
            server,
            dn or None,
            password or None,
            receive_timeout=TIMEOUT_S,
            auto_referrals=False,
            check_names=False,
            read_only=True,
        )
        try:
            line.open(read_server_info=False)
            if not self._tls_from_start and self._settings.start_tls:
                line.start_tls(read_server_info=False)
            yield line
        finally:
            with suppress(OSError, ldap3.core.exceptions.LDAPException):
                line.unbind()
            # Of a connection that could not be made the socket is left open.
            if line.socket is not None:
                line.socket.close()

    def _found(self, line: Connection, login: str) -> list[Entry]:
        """Return the entries of a login; two at most."""
        settings = self._settings
        wanted = settings.user_filter.replace("{login}", _ldap3().utils.conv.escape_filter_chars(login))
        names = (
            settings.name_attribute,
            settings.mail_attribute,
            settings.group_attribute,
            settings.department_attribute,
        )
        line.search(
            settings.base,
            wanted,
            attributes=[name for name in names if name],
            size_limit=2,
            time_limit=TIMEOUT_S,
        )
        if line.result["result"] not in (0, _SIZE_LIMIT_EXCEEDED):
            raise _refused_asking("search", line)
        return [_entry(each) for each in line.response or () if each["type"] == "searchResEntry"]


@cache
def _own_login_refused() -> LdapTrouble:
    return LdapTrouble(
        text("The directory does not accept the hub's own login.", "目录服务不接受系统自身的绑定账号。"),
        code="ldap_own_login",
    )


def _ldap3() -> ModuleType:
    """Return the package, read when it is first needed: not every hub has a directory."""
    with warnings.catch_warnings():
        # It imports names of pyasn1 that have new spellings.
        warnings.simplefilter("ignore", DeprecationWarning)
        import ldap3
        import ldap3.operation.search
        import ldap3.utils.conv
    return ldap3


def _checking(context: ssl.SSLContext, host: str) -> Any:
    """Return ldap3's TLS with the checks left to ssl: its own know no addresses, and old rules for names."""
    ldap3 = _ldap3()

    class Checking(ldap3.Tls):  # type: ignore[name-defined, misc]
        def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
            connection.socket = context.wrap_socket(
                connection.socket, server_hostname=host, do_handshake_on_connect=do_handshake
            )

    return Checking()


def _bound(line: Connection) -> bool:
    """Tell whether the directory takes a connection's name and password."""
    if line.bind(read_server_info=False):
        return True
    if line.result["result"] != _INVALID_CREDENTIALS:
        raise _refused_asking("bind", line)
    return False


def _refused_asking(what: str, line: Connection) -> LdapTrouble:
    return LdapTrouble(
        text(
            "The directory answers {what} with {said}.",
            "目录服务对 {what} 的应答为 {said}。",
            what=what,
            said=str(line.result["description"]),
        )
    )


def _entry(answer: dict[str, Any]) -> Entry:
    found = {
        name.partition(";")[0].casefold(): [value.decode("utf-8", "replace") for value in values]
        for name, values in answer["raw_attributes"].items()
    }
    return Entry(answer["dn"], found)


def _check_filter(words: str) -> None:
    try:
        _ldap3().operation.search.parse_filter(
            words, None, auto_escape=False, auto_encode=False, validator=None, check_names=False
        )
    except _ldap3().core.exceptions.LDAPException as error:
        raise ConfigError(
            text(
                "Expected an LDAP filter of (attribute=value), (&…), (|…), (!…), but it is {words}.",
                "LDAP 过滤条件应由 (属性=值)、(&…)、(|…)、(!…) 组成,实际为 {words}。",
                words=ascii(words[:120]),
            ),
            code="ldap_filter",
        ) from error


def _first_name(dn: str) -> str:
    """Return the name of a group without its place: ``it`` of ``cn=it,ou=groups,dc=firm``."""
    return dn.partition(",")[0].partition("=")[2]


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
