"""A message from a template and a payload. Pure.

What comes from a payload never becomes a header line of its own: control characters are refused in addresses
and in the subject, and an address is one address. A message's id follows from the idempotency key, so that a
repeat can be recognised by whoever receives it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.connectors.mail.manifest import Expression, MessageRule, Names, Template

_PART: Final = r"[^\s@<>,;:\"()\[\]\\\x00-\x1f\x7f]"
_ADDRESS: Final = re.compile(rf"({_PART}{{1,64}})@({_PART}{{1,253}})\Z")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_BODY_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_RECIPIENTS_MAX: Final = 50


def message_id(system: str, operation: str, key: str, domain: str) -> str:
    """Return the id that every repeat of the same effect has."""
    digest = hashlib.sha256("\x00".join((system, operation, key)).encode()).hexdigest()
    return f"<{digest[:40]}@{domain}>"


def compose(
    rule: MessageRule, names: Names, *, sender: str, sender_name: str, identity: str, now: datetime
) -> tuple[EmailMessage, list[str]]:
    """Return the message and everybody it goes to.

    Raises:
        ExpressionError: A value is missing, an address is none, or a header would get a second line.
    """
    language = "zh" if rule.language is None else str(rule.language.value(names))
    if language not in rule.subject:
        raise ExpressionError(
            text(
                "Expected the language zh or en, but it is {value}",
                "语言应为 zh 或 en,实际为 {value}",
                value=language,
            )
        )
    to = _addresses(rule.to, names)
    cc = _addresses(rule.cc, names) if rule.cc is not None else []
    if not to:
        raise ExpressionError(
            text("{place}: expected an address", "{place}:应有收件人地址", place=rule.to.place)
        )
    if len(to) + len(cc) > _RECIPIENTS_MAX:
        raise ExpressionError(
            text("Expected at most {most} recipients", "收件人最多 {most} 个", most=_RECIPIENTS_MAX)
        )
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = ", ".join(to)
    if cc:
        message["Cc"] = ", ".join(cc)
    if rule.reply_to is not None:
        message["Reply-To"] = ", ".join(_addresses(rule.reply_to, names))
    message["Subject"] = _one_line(_filled(rule.subject[language], names))
    message["Date"] = format_datetime(now)
    message["Message-ID"] = identity
    # RFC 3834: answering machines keep quiet.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_BODY_CONTROL.sub("\ufffd", _filled(rule.body[language], names)), cte="base64")
    return message, [*to, *cc]


def _filled(template: Template, names: Names) -> str:
    return "".join(part if isinstance(part, str) else as_text(part.value(names)) for part in template.parts)


def as_text(value: Any) -> str:
    """Return a value as people read it: decimals plain, times without letters between."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _one_line(subject: str) -> str:
    if _CONTROL.search(subject):
        raise ExpressionError(
            text(
                "Expected a subject of one line, but it has a control character",
                "主题应为一行,不得含控制字符",
            )
        )
    return subject


def _addresses(expression: Expression, names: Names) -> list[str]:
    value = expression.value(names)
    if value is None:
        return []
    many: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    return [_address(str(one), expression) for one in many]


def _address(written: str, expression: Expression) -> str:
    found = _ADDRESS.match(written)
    domain = ""
    if found is not None and found[1].isascii():
        try:
            domain = found[2].encode("idna").decode()
        except UnicodeError:
            domain = ""
    if found is None or not domain:
        raise ExpressionError(
            text(
                "{place}: expected one mail address, but it is {value}",
                "{place}:应为一个邮件地址,实际为 {value}",
                place=expression.place,
                value=_CONTROL.sub("�", written)[:80],
            ),
            hint=text("write several addresses as a list", "多个地址请写成列表"),
        )
    return f"{found[1]}@{domain}"
