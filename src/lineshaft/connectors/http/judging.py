"""What an answer means: done, or one of the six error classes, with the vendor's code and words kept.

Pure. The order of decision: the success predicate, the vendor's code, the declared status, ``other`` (for
errors that carry a code), and last what HTTP says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from lineshaft.base.errors import (
    ConnectorError,
    ExpressionError,
    Invalid,
    MissingReference,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.expressions import Expression
from lineshaft.connectors.http.model import AnswerRule, Judgement, Verdict
from lineshaft.connectors.http.soap import DENIALS, Fault, fault_in
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Reply
from lineshaft.connectors.http.wire import Unreadable, decode

WORDS_MAX: Final = 1_000
_WAIT_DEFAULT_S: Final = 1.0
_WAIT_HEADERS: Final = (
    "retry-after",
    "ratelimit-reset",
    "x-ratelimit-reset-after",
    "x-ogw-ratelimit-reset",
    "x-rate-limit-reset",
    "x-ratelimit-reset",
)
_EPOCH_FROM_S: Final = 1_000_000_000
"""A wait of thirty years is none: from here on the number is the time itself (seconds since 1970)."""
_BY_STATUS: Final[Mapping[int, Verdict]] = {
    401: "unavailable",
    408: "unknown",
    409: "refused",
    425: "unknown",
    429: "rate_limited",
}
_SIMPLE: Final[Mapping[str, type[ConnectorError]]] = {
    "refused": Refused,
    "invalid": Invalid,
    "unavailable": Unavailable,
    "unknown": OutcomeUnknown,
}


class Expired(Exception):
    """The session has ended; nothing happened. Never leaves the connector."""


class Case:
    """What a judgement is about: for messages and for what a failure may mean."""

    __slots__ = ("now", "reads_only", "redact", "system", "what")

    def __init__(
        self, system: str, what: str, *, reads_only: bool, now: datetime, redact: Callable[[str], str]
    ) -> None:
        self.system = system
        self.what = what
        self.reads_only = reads_only
        self.now = now
        self.redact = redact

    def unknown(self, message: Text, *, code: str | None = None, words: str | None = None) -> ConnectorError:
        """Return *unknown* for writes; a reading that failed is only unavailable."""
        if self.reads_only:
            return Unavailable(message, code=code, vendor_text=words)
        return OutcomeUnknown(message, code=code, vendor_text=words)


def open_answer(reply: Reply, names: Mapping[str, Any], case: Case, form: str = "auto") -> dict[str, Any]:
    """Return the names that answer expressions see; ``form`` says how the body is read.

    Raises:
        OutcomeUnknown, Unavailable: A good status with a body that cannot be read.
    """
    try:
        answer = decode(reply.body, reply.headers.get("content-type", ""), form)
    except Unreadable as error:
        if reply.status < 400:
            raise case.unknown(
                text(
                    "{system}: the answer to {what} cannot be read ({error})",
                    "{system}:{what} 的应答无法读取({error})",
                    system=case.system,
                    what=case.what,
                    error=error,
                ),
                code="answer_unreadable",
                words=_words(reply, case),
            ) from error
        answer = None
    return {
        **names,
        "status": reply.status,
        "answer": answer,
        "headers": reply.headers,
        "cookies": reply.cookies,
    }


def judge(rule: AnswerRule, reply: Reply, names: Mapping[str, Any], case: Case) -> None:
    """Return where the answer says that it is done; raise otherwise.

    Raises:
        Expired: The session has ended.
        ConnectorError: One of the six classes.
    """
    for when, judgement in rule.rules:
        if when.lenient(names) is True:
            if judgement.verdict != "done":
                _raise(judgement, rule, reply, names, case)
            return
    if fault_in(names["answer"]) is not None:
        _raise(None, rule, reply, names, case)
        return
    if rule.success is not None:
        if rule.success.lenient(names) is True:
            return
    elif 200 <= reply.status < 300:
        if rule.form == "auto" and _is_page(reply):
            raise _page(reply, case)
        return
    _raise(None, rule, reply, names, case)


def _raise(
    judgement: Judgement | None, rule: AnswerRule, reply: Reply, names: Mapping[str, Any], case: Case
) -> None:
    if judgement is None:
        judgement = _judgement(rule, _code(rule, names), reply, fault_in(names["answer"]))
    if judgement.verdict == "done":
        return
    if judgement.verdict == "expired":
        raise Expired
    raise error_of(judgement, rule, reply, names, case)


def _code(rule: AnswerRule, names: Mapping[str, Any]) -> str:
    found = as_text(rule.code.lenient(names)) if rule.code is not None else ""
    fault = fault_in(names["answer"])
    return found or (str(fault["code"]) if fault is not None else "")


def error_of(
    judgement: Judgement, rule: AnswerRule, reply: Reply, names: Mapping[str, Any], case: Case
) -> ConnectorError:
    """Return the error that a judgement means, with the vendor's code and words."""
    words = as_text(rule.text.lenient(names)) if rule.text is not None else ""
    fault = fault_in(names["answer"])
    if not words and fault is not None:
        words = str(fault["text"])
    shown = case.redact(words)[:WORDS_MAX] or _words(reply, case)
    return _error(judgement, rule, reply, names, case, code=_code(rule, names), words=shown)


def _is_page(reply: Reply) -> bool:
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    start = reply.body[:200].lstrip().lower()
    return kind in ("text/html", "application/xhtml+xml") and start.startswith((b"<!doctype", b"<html"))


def _page(reply: Reply, case: Case) -> ConnectorError:
    """A page for people with a good status is a login page or a wrong address, never the answer."""
    message = text(
        "{system}, {what}: expected data, but a web page came (status {status})",
        "{system},{what}:应返回数据,实际为网页(状态 {status})",
        system=case.system,
        what=case.what,
        status=reply.status,
    )
    hint = text(
        "look at base_url and path; where it is a login page, the credentials were not taken",
        "请核对 base_url 与 path;若返回登录页,说明未接受凭据",
    )
    kind = Unavailable if case.reads_only else OutcomeUnknown
    return kind(message, code="web_page", vendor_code=str(reply.status), hint=hint)


def _judgement(rule: AnswerRule, code: str, reply: Reply, fault: Fault | None) -> Judgement:
    status = reply.status
    # Some answer "too many" with 403 and an empty allowance.
    spent = reply.headers.get("x-ratelimit-remaining", "").strip() == "0"
    if code in rule.codes:
        return rule.codes[code]
    if status in rule.statuses:
        return rule.statuses[status]
    if code and rule.other is not None:
        return rule.other
    if fault is not None:
        return Judgement(cast("Verdict", fault.verdict))
    if status == 403 and spent:
        return Judgement("rate_limited")
    if status in _BY_STATUS:
        return Judgement(_BY_STATUS[status])
    return Judgement("unknown" if status >= 500 else "invalid")


def _error(
    judgement: Judgement,
    rule: AnswerRule,
    reply: Reply,
    names: Mapping[str, Any],
    case: Case,
    *,
    code: str,
    words: str,
) -> ConnectorError:
    vendor_code = code or str(reply.status)
    shown = f"{words} [{vendor_code}]" if words else f"[{vendor_code}]"
    message = text(
        "{system}, {what}: {shown}",
        "{system},{what}:{shown}",
        system=case.system,
        what=case.what,
        shown=shown,
    )
    if judgement.verdict == "rate_limited":
        return RateLimited(
            message,
            wait_s=_wait_s(judgement.wait_s or rule.wait_s, reply, names, case),
            this_call_only=judgement.this_call_only,
            vendor_code=vendor_code,
            vendor_text=words,
        )
    if judgement.verdict == "missing_reference" and judgement.reference is not None:
        try:
            reference = as_text(judgement.reference.value(names))
        except ExpressionError as error:
            return Invalid(error.message, vendor_code=vendor_code, vendor_text=words)
        return MissingReference(message, reference=reference, vendor_code=vendor_code, vendor_text=words)
    verdict = judgement.verdict
    if verdict == "unknown" and case.reads_only:
        verdict = "unavailable"
    kind = _SIMPLE.get(verdict, Invalid)
    denied = reply.status == 401 or vendor_code in DENIALS
    own_code = "wrong_credentials" if denied and kind is Unavailable else None
    hint = _hint(reply)
    return kind(message, code=own_code, vendor_code=vendor_code, vendor_text=words, hint=hint)


def _hint(reply: Reply) -> Text | None:
    """Return what a status means in most applications, where the words alone leave people puzzled."""
    if 300 <= reply.status < 400:
        return text(
            "it sends on to {place}: write the address that it means into base_url or path",
            "被转向 {place}:请在 base_url 或 path 中写明实际地址",
            place=reply.headers.get("location", "-"),
        )
    return _HINTS.get(reply.status)


_HINTS: Final[Mapping[int, Text]] = {
    401: text(
        "check the connection's credentials and how auth sends them", "请检查连接凭据及 auth 的发送方式"
    ),
    403: text("the account lacks the right for this", "该账号无此权限"),
    404: text("look at the path and at base_url", "请核对 path 与 base_url"),
    405: text("look at the method", "请核对 method"),
    415: text("look at encoding: it expects another kind of body", "请核对 encoding:应为其他格式的请求体"),
}


def _words(reply: Reply, case: Case) -> str:
    return case.redact(reply.body[: 4 * WORDS_MAX].decode("utf-8", "replace").strip())[:WORDS_MAX]


def _wait_s(rule: Expression | None, reply: Reply, names: Mapping[str, Any], case: Case) -> float:
    """Return the wait: as declared, else ``Retry-After`` (RFC 9110, 10.2.3), else ``RateLimit-Reset``."""
    if rule is not None:
        declared = rule.lenient(names)
        if declared is not None:
            return max(0.0, float(declared))
    for name in _WAIT_HEADERS:
        value = reply.headers.get(name, "").strip()
        if value.replace(".", "", 1).isdigit():
            seconds = float(value)
            if seconds >= _EPOCH_FROM_S:
                seconds = seconds / 1000 if seconds >= _EPOCH_FROM_S * 100 else seconds
                return max(0.0, seconds - case.now.timestamp())
            return seconds
        if value and name == "retry-after":
            try:
                at = parsedate_to_datetime(value)
            except ValueError:
                continue
            at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
            return max(0.0, (at - case.now).total_seconds())
    return _WAIT_DEFAULT_S
