"""What a database's failure means for an effect. Pure.

The one question is whether the commit had been sent: before it nothing has happened, since a transaction that
is not committed is taken back; after it, only the database's own clear word says that it was not carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.base.errors import (
    ConnectorError,
    ExpressionError,
    Invalid,
    MissingReference,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.sql.driving import Fault, FaultKind
from lineshaft.connectors.sql.expressions import Expression

_REASONS: Final[dict[FaultKind, tuple[str, Text]]] = {
    "unreachable": ("unreachable", Text("it cannot be reached", "无法连接")),
    "denied": ("wrong_credentials", Text("it does not accept the credentials", "不接受当前凭据")),
    "lost": ("connection_lost", Text("the connection broke, nothing was committed", "连接中断,未提交")),
    "busy": ("busy", Text("it is busy or locked, nothing was committed", "繁忙或被锁定,未提交")),
    "columns": ("columns_changed", Text("a table or column is not there any more", "表或列已不存在")),
    "rights": ("rights_missing", Text("the account lacks a right", "账号权限不足")),
    "other": ("database_error", Text("it reports an error", "数据库报错")),
}


@dataclass(frozen=True, slots=True)
class Case:
    """What was asked of which system."""

    system: str
    what: str
    reads_only: bool
    redact: Callable[[str], str]
    references: Mapping[str, Expression]
    names: Mapping[str, Any]

    def judge(self, fault: Fault, *, committing: bool) -> ConnectorError:
        """Return the error of the class that decides what happens next."""
        code, words = fault.code, self.redact(fault.words)
        if fault.kind == "refused":
            return Refused(
                self._message(Text("it refuses: {words}", "拒绝:{words}"), words),
                vendor_code=code,
                vendor_text=words,
            )
        if fault.kind == "foreign_key":
            missing = self._missing(fault)
            if missing is not None:
                return MissingReference(
                    self._message(Text("a record is missing: {words}", "引用的记录不存在:{words}"), words),
                    reference=missing,
                    vendor_code=code,
                    vendor_text=words,
                )
        if fault.kind in ("data", "unique", "foreign_key"):
            return Invalid(
                self._message(Text("the data do not fit: {words}", "数据不符合要求:{words}"), words),
                code="duplicate" if fault.kind == "unique" else None,
                vendor_code=code,
                vendor_text=words,
            )
        if committing and not self.reads_only and fault.kind in ("lost", "other"):
            return self.unknown()
        name, reason = _REASONS[fault.kind]
        sentence = Text(f"{reason.en}: {{words}}", f"{reason.zh}:{{words}}") if words else reason
        return Unavailable(self._message(sentence, words), code=name, vendor_code=code, vendor_text=words)

    def unknown(self) -> OutcomeUnknown:
        """Return that the commit was sent and its answer is lost."""
        return OutcomeUnknown(
            text(
                "{system}, {what}: the commit was sent, but its answer is lost",
                "{system},{what}:已发送提交,但未收到答复",
                system=self.system,
                what=self.what,
            ),
            hint=text("a repeat finds the row by its key", "重试时按键查找该行"),
        )

    def late(self, *, committing: bool) -> ConnectorError:
        """Return what running out of time means."""
        if committing and not self.reads_only:
            return self.unknown()
        return Unavailable(
            self._message(Text("no answer in time, nothing was committed", "未及时答复,未提交"), ""),
            code="timeout",
        )

    def invalid(self, message: Text, code: str) -> Invalid:
        """Return that the data cannot be written."""
        return Invalid(self._about(message), code=code)

    def refused(self, message: Text, code: str) -> Refused:
        """Return that the row that is there forbids it."""
        return Refused(self._about(message), code=code, vendor_code=code, vendor_text=str(message))

    def stopped(self, message: Text, code: str) -> Unavailable:
        """Return that the database is not as listed: the work waits until somebody has looked."""
        return Unavailable(
            self._about(message),
            code=code,
            hint=text("compare the manifest with the database", "请核对清单与数据库"),
        )

    def _about(self, message: Text) -> Text:
        return text(
            "{system}, {what}: {en}",
            "{system},{what}:{zh}",
            system=self.system,
            what=self.what,
            en=message.in_language("en"),
            zh=message.in_language("zh"),
        )

    def _message(self, sentence: Text, words: str) -> Text:
        return self._about(Text(sentence.en, sentence.zh, {"words": words}))

    def _missing(self, fault: Fault) -> str | None:
        rule = self.references.get(fault.name) or self.references.get("any")
        if rule is None:
            return None
        try:
            return rule.words(self.names) or None
        except ExpressionError:
            return None
