"""Signing in against LDAP or Active Directory (RFC 4511): find the person, then bind as them.

As much of the protocol as that needs: simple bind, search, StartTLS, over asyncio. A password is never sent
without encryption but to this very machine.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from lineshaft.base.errors import ConfigError, OperationalError
from lineshaft.base.text import text
from lineshaft.security.ber import Ber, boolean, enumerated, integer, octets, parse, sequence, tagged
from lineshaft.security.ldap_filter import compiled, escaped
from lineshaft.security.signing_in import OutsidePerson

TIMEOUT_S: Final = 10.0
ANSWER_MAX: Final = 4_000_000
_START_TLS: Final = "1.3.6.1.4.1.1466.20037"
_INVALID_CREDENTIALS: Final = 49
_SUBTREE: Final = 2


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

    async def sign_in(self, login: str, password: str) -> OutsidePerson | None:
        """Return who signs in; ``None`` where login or password are wrong."""
        if not password:
            # Such a bind would be anonymous, and succeed (RFC 4513 §5.1.2).
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._sign_in(login, password)
        except (OSError, TimeoutError, ssl.SSLError, ValueError, IndexError) as error:
            raise LdapTrouble(
                text(
                    "The directory {host} cannot be asked: {error}",
                    "目录服务 {host} 不可用:{error}",
                    host=self._host,
                    error=error.__class__.__name__,
                )
            ) from error

    async def _sign_in(self, login: str, password: str) -> OutsidePerson | None:
        settings = self._settings
        line = await self._connected()
        try:
            if settings.bind_dn and not await line.bind(settings.bind_dn, settings.bind_password):
                raise LdapTrouble(
                    text(
                        "The directory does not accept the hub's own login.",
                        "目录服务不接受系统自身的绑定账号。",
                    ),
                    code="ldap_own_login",
                )
            names = [
                name
                for name in (
                    settings.name_attribute,
                    settings.mail_attribute,
                    settings.group_attribute,
                    settings.department_attribute,
                )
                if name
            ]
            wanted = settings.user_filter.replace("{login}", escaped(login))
            found = await line.search(settings.base, wanted, names)
            if len(found) != 1:
                # Two entries of one login: nobody can say who it is.
                return None
            [entry] = found
        finally:
            await line.close()
        line = await self._connected()
        try:
            if not await line.bind(entry.dn, password):
                return None
        finally:
            await line.close()
        groups = entry.attributes.get(settings.group_attribute.casefold(), [])
        return OutsidePerson(
            login,
            entry.dn.casefold(),
            entry.first(settings.name_attribute),
            entry.first(settings.mail_attribute),
            [*groups, *map(_first_name, groups)],
            entry.first(settings.department_attribute),
        )

    async def _connected(self) -> _Line:
        context = ssl.create_default_context(cafile=self._settings.ca_file or None)
        reader, writer = await asyncio.open_connection(
            self._host, self._port, ssl=context if self._tls_from_start else None
        )
        line = _Line(reader, writer)
        if not self._tls_from_start and self._settings.start_tls:
            try:
                await line.start_tls(context, self._host)
            except BaseException:
                await line.close()
                raise
        return line


class _Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0

    async def bind(self, dn: str, password: str) -> bool:
        """Show a name and a password; tell whether they are right."""
        await self._send(sequence(integer(3), octets(dn), tagged(0x80, password.encode()), tag=0x60))
        code = _result(await self._receive())
        if code not in (0, _INVALID_CREDENTIALS):
            raise ValueError(f"bind: {code}")
        return code == 0

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on encrypted."""
        await self._send(sequence(tagged(0x80, _START_TLS.encode()), tag=0x77))
        if _result(await self._receive()) != 0:
            raise ValueError("StartTLS was refused")
        await self._writer.start_tls(context, server_hostname=host)

    async def search(self, base: str, wanted: str, names: Sequence[str]) -> list[Entry]:
        """Return the entries below ``base`` that a filter fits; two at most."""
        await self._send(
            sequence(
                octets(base),
                enumerated(_SUBTREE),
                enumerated(0),
                integer(2),
                integer(int(TIMEOUT_S)),
                boolean(False),
                compiled(wanted),
                sequence(*map(octets, names)),
                tag=0x63,
            )
        )
        found: list[Entry] = []
        while True:
            answer = await self._receive()
            if answer.tag == 0x64:
                found.append(_entry(answer))
            elif answer.tag == 0x65:
                code = _result(answer)
                if code not in (0, 4):  # 4: more entries than were asked for
                    raise ValueError(f"search: {code}")
                return found

    async def close(self) -> None:
        """Say good-bye."""
        with suppress(OSError, ssl.SSLError):
            await self._send(tagged(0x42, b""))
        self._writer.close()
        with suppress(OSError, ssl.SSLError, asyncio.TimeoutError):
            await self._writer.wait_closed()

    async def _send(self, operation: bytes) -> None:
        self._number += 1
        self._writer.write(sequence(integer(self._number), operation))
        await self._writer.drain()

    async def _receive(self) -> Ber:
        head = await self._reader.readexactly(2)
        length = head[1]
        rest = b""
        if length & 0x80:
            rest = await self._reader.readexactly(length & 0x7F)
            length = int.from_bytes(rest, "big")
        if head[0] != 0x30 or length > ANSWER_MAX:
            raise ValueError("no LDAP message")
        body = await self._reader.readexactly(length)
        number, operation = parse(head + rest + body).parts[:2]
        if int.from_bytes(number.content, "big") not in (self._number, 0):
            raise ValueError("an answer to another question")
        return operation


def _result(answer: Ber) -> int:
    return int.from_bytes(answer.parts[0].content, "big")


def _entry(answer: Ber) -> Entry:
    dn, attributes = answer.parts[:2]
    found: dict[str, list[str]] = {}
    for each in attributes.parts:
        name, values = each.parts[:2]
        said = [value.content.decode("utf-8", "replace") for value in values.parts]
        found[name.content.decode().partition(";")[0].casefold()] = said
    return Entry(dn.content.decode(), found)


def _first_name(dn: str) -> str:
    """Return the name of a group without its place: ``it`` of ``cn=it,ou=groups,dc=firm``."""
    return dn.partition(",")[0].partition("=")[2]


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
