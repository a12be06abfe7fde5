"""What a directory's answer means: one of the six error classes, with its own code and words kept. Pure.

The codes are those of RFC 4511 §4.1.9; Active Directory puts its own number into the words (``data 52e``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lineshaft.base.errors import ConnectorError, Invalid, OutcomeUnknown, Refused, Unavailable
from lineshaft.base.text import Text, text

WORDS_MAX: Final = 500
_DENIED: Final = frozenset({7, 8, 48, 49})
_REFUSED: Final = frozenset({19, 53, 66, 67})
_UNAVAILABLE: Final = frozenset({51, 52})
_UNCLEAR: Final = frozenset({1, 2, 3, 54, 80})
_NAMES: Final[Mapping[int, str]] = {
    1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded",
    7: "authMethodNotSupported", 8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded",
    12: "unavailableCriticalExtension", 13: "confidentialityRequired", 16: "noSuchAttribute",
    17: "undefinedAttributeType", 18: "inappropriateMatching", 19: "constraintViolation",
    20: "attributeOrValueExists", 21: "invalidAttributeSyntax", 32: "noSuchObject", 34: "invalidDNSyntax",
    48: "inappropriateAuthentication", 49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy",
    52: "unavailable", 53: "unwillingToPerform", 54: "loopDetect", 64: "namingViolation",
    65: "objectClassViolation", 66: "notAllowedOnNonLeaf", 67: "notAllowedOnRDN", 68: "entryAlreadyExists",
    69: "objectClassModsProhibited", 80: "other",
}  # fmt: skip
_HINTS: Final[Mapping[int, Text]] = {
    10: text("connect to the server that may be written to", "请连接可写入的服务器"),
    13: text("set tls to starttls or implicit", "请将 tls 设为 starttls 或 implicit"),
    32: text("look at base: is there such an entry?", "请核对 base:该条目是否存在?"),
    50: text("the account lacks the right for this", "该账号无此权限"),
    65: text("look at classes and at the attributes they ask for", "请核对 classes 及其必填属性"),
    67: text("an entry's own name is not changed by a write", "条目自身的名称不能通过写入修改"),
}


class Denied(Exception):
    """The directory said no: its result code and words."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code
        self.words = " ".join(words.split())[:WORDS_MAX]
        super().__init__(f"{code} {self.words}")


class Broken(Exception):
    """The line is gone, or no whole answer came."""


class Unreached(Exception):
    """No line could be made."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a judgement is about."""

    system: str
    what: str
    redact: Callable[[str], str]

    def denied(self, no: Denied, *, sent: bool) -> ConnectorError:
        """Return what a result code means; ``sent``: it is the answer to a write."""
        words = self.redact(no.words)
        name = _NAMES.get(no.code, "")
        shown = f"{no.code} {name} {words}".strip()
        message = text(
            "{system}, {what}: {shown}", "{system},{what}:{shown}", system=self.system, what=self.what,
            shown=shown,
        )  # fmt: skip
        kind: type[ConnectorError] = Invalid
        code = None
        if no.code in _DENIED:
            kind, code = Unavailable, "wrong_credentials"
        elif no.code in _REFUSED:
            kind = Refused
        elif no.code in _UNAVAILABLE:
            kind = Unavailable
        elif no.code in _UNCLEAR:
            kind = OutcomeUnknown if sent else Unavailable
        elif no.code == 50:
            code = "not_allowed"
        return kind(message, code=code, vendor_code=str(no.code), vendor_text=words, hint=_HINTS.get(no.code))

    def lost(self, *, sent: bool) -> ConnectorError:
        """Return what a broken line means."""
        if sent:
            return OutcomeUnknown(
                text(
                    "{system} took {what}, but its answer is lost",
                    "{system} 已接收 {what},但未收到答复",
                    system=self.system,
                    what=self.what,
                )
            )
        return Unavailable(
            text(
                "{system}: the connection broke during {what}, nothing was written",
                "{system}:执行 {what} 时连接中断,未写入",
                system=self.system,
                what=self.what,
            ),
            code="connection_lost",
        )

    def unreached(self, why: str) -> ConnectorError:
        """Return what it means that there is no line."""
        return Unavailable(
            text("{system} cannot be reached: {why}", "{system} 无法连接:{why}", system=self.system, why=why),
            code="unreachable",
        )

    def invalid(self, message: Text, code: str, hint: Text | None = None) -> Invalid:
        """Return an error about the data, with the system and the operation in front."""
        return Invalid(
            text(
                "{system}, {what}: {message_en}",
                "{system},{what}:{message_zh}",
                system=self.system,
                what=self.what,
                message_en=message.in_language("en"),
                message_zh=message.in_language("zh"),
            ),
            code=code,
            hint=hint,
        )
