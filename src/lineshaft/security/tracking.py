"""Order-tracking links 订单跟踪链接: signed, expiring tickets; a customer sees one order without an account.

A ticket names one document and the moment it ends; whoever holds it may see what
``lineshaft.insight.tracking`` shows of that document, and nothing else. It is signed with HMAC-SHA256
(RFC 2104) by the secret ``tracking_key``; ``tracking_key_before`` still opens old links after the key was
changed. A link cannot be taken back singly: it ends by its time, or all end with the keys.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from lineshaft.base.errors import ConfigError, InputError, NotAllowed
from lineshaft.base.text import text

SECRET: Final = "tracking_key"  # noqa: S105 - the name of a secret
SECRET_BEFORE: Final = "tracking_key_before"  # noqa: S105 - the name of a secret
KEY_MIN: Final = 16
"""Bytes of a key: a shorter one could be found by trying."""
DAYS_DEFAULT: Final = 30
DAYS_MAX: Final = 365
TOKEN_MAX: Final = 1_000
"""Characters of a token that are looked at."""
_PURPOSE: Final = b"lineshaft order tracking 1\0"
"""Stands before what is signed: no other signature made with the same key fits."""


class TicketExpired(NotAllowed):
    """The link was good once."""

    default_code = "tracking_expired"


class TicketInvalid(NotAllowed):
    """Nobody here has made this link, or it was changed."""

    default_code = "tracking_invalid"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link is good for."""

    tenant: str
    document: str
    """The order, as ``system/kind/number``."""
    ends_at: datetime


class TrackingLinks:
    """Makes and reads links.

    Args:
        secret: Gives a secret by its name; raises ``KeyError`` where there is none.
        base: The address of the hub as its customers reach it, without a slash at the end.
    """

    def __init__(self, secret: Callable[[str], str], base: Callable[[], str]) -> None:
        self._secret = secret
        self._base = base

    def make(
        self, tenant: str, document: str, now: datetime, *, days: int = DAYS_DEFAULT
    ) -> tuple[str, Ticket]:
        """Return a link that is good for ``days`` days, and what it says.

        Raises:
            InputError: ``days`` is out of bounds.
            ConfigError: There is no key.
        """
        if not 1 <= days <= DAYS_MAX:
            raise InputError(
                text(
                    "Expected 1 to {max} days, but it is {days}.",
                    "有效天数应在 1 到 {max} 之间,实际为 {days}。",
                    max=DAYS_MAX,
                    days=days,
                ),
                code="tracking_days",
            )
        key = next(self._keys(), None)
        if key is None:
            raise ConfigError(
                text(
                    "Expected the secret `{name}`, of {min} characters at least, but it is not there.",
                    "缺少密钥 `{name}`(至少 {min} 个字符)。",
                    name=SECRET,
                    min=KEY_MIN,
                ),
                code="tracking_key_missing",
                hint=text(
                    "Give it as LINESHAFT_SECRET_TRACKING_KEY or in the secrets file.",
                    "请用 LINESHAFT_SECRET_TRACKING_KEY 或密钥文件提供。",
                ),
            )
        # Whole seconds: the token carries no fractions.
        ticket = Ticket(tenant, document, now.replace(microsecond=0) + timedelta(days=days))
        content = json.dumps(
            [tenant, document, int(ticket.ends_at.timestamp())], ensure_ascii=False, separators=(",", ":")
        ).encode()
        return f"{self._base()}/track/{_coded(content)}.{_coded(_signed(key, content))}", ticket

    def read(self, token: str, now: datetime) -> Ticket:
        """Return what a token says.

        Raises:
            TicketInvalid: It was not made here, or was changed.
            TicketExpired: Its time is over.
        """
        first, _, second = token[:TOKEN_MAX].partition(".")
        content, signature = _decoded(first), _decoded(second)
        # Every key is tried, so that the time taken tells nothing of which one fits.
        fits = [hmac.compare_digest(_signed(key, content), signature) for key in self._keys()]
        if not any(fits):
            raise TicketInvalid(text("This link is not valid.", "链接无效。"))
        tenant, document, ends = json.loads(content)
        ticket = Ticket(str(tenant), str(document), datetime.fromtimestamp(int(ends), UTC))
        if now >= ticket.ends_at:
            raise TicketExpired(text("This link has expired.", "链接已过期。"))
        return ticket

    def _keys(self) -> Iterator[bytes]:
        for name in (SECRET, SECRET_BEFORE):
            try:
                key = self._secret(name).encode()
            except KeyError:
                continue
            if len(key) >= KEY_MIN:
                yield key


def _signed(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + content, "sha256")


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    """Return the bytes of base64url (RFC 4648 §5); empty where it is none, which no signature fits."""
    try:
        found = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""
    # Bits that the last character has too many could differ without a change of the bytes.
    return found if _coded(found) == part else b""
