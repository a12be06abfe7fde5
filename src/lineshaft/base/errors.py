"""The error tree, by who must act.

::

    HubError                      everything raised on purpose: .code, .message (zh, en), .hint, .context
    ├─ UserError                  the caller can mend it         -> API 4xx, CLI exit 2
    │   ├─ DefinitionError        a definition (BPMN, DMN, pack, manifest) cannot be used; has problems
    │   ├─ ConfigError            the hub's own configuration
    │   ├─ ExpressionError        an expression (FEEL) cannot be read or evaluated
    │   ├─ MappingError           a mapping cannot be read or applied
    │   ├─ InputError             a request or a document has the wrong shape
    │   ├─ NotFound  Conflict  NotAllowed
    ├─ OperationalError           the world can mend it          -> retried, later a dead letter, API 503
    │   ├─ ConnectorError         one of the six classes that decide what happens to an effect:
    │   │   ├─ Refused            the target's business "no": back to the source, never retried
    │   │   ├─ Invalid            wrong data: dead letter at once
    │   │   ├─ Unavailable        nothing was sent: retried with growing gaps
    │   │   ├─ RateLimited        waits, never counts; has wait_s
    │   │   ├─ OutcomeUnknown     a byte may have been sent, no clear answer: probed before any repeat
    │   │   └─ MissingReference   parked until the reference appears; has reference
    │   └─ StoreError
    │       ├─ StoreUnavailable   the database is away or full; nothing was written
    │       ├─ LeaseLost          another worker owns the lane; nothing was written
    │       ├─ WriteConflict      the row changed meanwhile; nothing of that unit was written
    │       ├─ BadRow             this unit cannot be stored (a bad character, a limit); others can
    │       └─ SchemaTooOld  SchemaTooNew
    └─ UnexpectedError            we must mend it                -> logged with its stack, instance frozen

In the process kernel an expected failure is a value, not one of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lineshaft.base.text import Language, Text


@dataclass(frozen=True, slots=True)
class Place:
    """Where in what the user wrote: any of file, line and column (from 1), element id, field path."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    element: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        spot = self.file or ""
        if self.line is not None:
            spot += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        parts = [spot] if spot else []
        parts += [part for part in (self.element, self.path) if part]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a definition: what, where, and the remedy."""

    code: str
    message: Text
    place: Place = Place()
    severity: str = "error"
    """``error`` refuses the definition, ``warning`` is a doubt."""
    hint: Text | None = None

    def __str__(self) -> str:
        return self.in_language("en")

    def in_language(self, language: Language) -> str:
        """Return it as a line: where, what, and the remedy."""
        where = f"{self.place}: " if str(self.place) else ""
        remedy = self.hint.in_language(language) if self.hint else ""
        message = self.message.in_language(language)
        if not remedy:
            return f"{where}{message}"
        return f"{where}{message}({remedy})" if language == "zh" else f"{where}{message} ({remedy})"


class HubError(Exception):
    """Everything that is raised on purpose.

    Args:
        message: What was expected and what came; bilingual where a user will read it.
        code: A stable name, e.g. ``order_unknown``; the class's own where not given.
        hint: What to do next.
        context: Values a program may want (never secrets).
    """

    default_code = "error"

    def __init__(
        self,
        message: Text | str,
        *,
        code: str | None = None,
        hint: Text | None = None,
        context: dict[str, object] | None = None,
    ) -> None:
        self.message = message if isinstance(message, Text) else Text(_plain(message), _plain(message))
        self.code = code or self.default_code
        self.hint = hint
        self.context = context or {}
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


def _plain(message: str) -> str:
    return message


class UserError(HubError):
    """The caller can mend it."""

    default_code = "user_error"


class DefinitionError(UserError):
    """A definition cannot be used; ``problems`` lists everything that is wrong with it."""

    default_code = "definition_invalid"

    def __init__(self, problems: Sequence[Problem], **kwargs: object) -> None:
        self.problems = list(problems)
        lines_en = "\n".join(problem.in_language("en") for problem in self.problems)
        lines_zh = "\n".join(problem.in_language("zh") for problem in self.problems)
        super().__init__(Text(lines_en, lines_zh), **kwargs)  # type: ignore[arg-type]


class ConfigError(UserError):
    """The hub's configuration is wrong."""

    default_code = "config_invalid"


class ExpressionError(UserError):
    """An expression cannot be read or evaluated."""

    default_code = "expression_invalid"


class MappingError(UserError):
    """A mapping cannot be read or applied."""

    default_code = "mapping_invalid"


class InputError(UserError):
    """A request or a document has the wrong shape."""

    default_code = "input_invalid"


class NotFound(UserError):
    """There is no such thing, or the caller may not see it."""

    default_code = "not_found"


class Conflict(UserError):
    """It changed meanwhile, or it exists already."""

    default_code = "conflict"


class NotAllowed(UserError):
    """The caller lacks the right."""

    default_code = "not_allowed"


class OperationalError(HubError):
    """The world can mend it."""

    default_code = "operational_error"


class ConnectorError(OperationalError):
    """What a connector raises; the class decides what happens next, the connector never retries.

    Args:
        vendor_code: The target's own code, kept as it came.
        vendor_text: The target's own words, kept as they came.

    ``about`` names the system it is about where that is not the one that was called: a call may have to ask
    another system first.
    """

    default_code = "connector_error"
    about: str | None = None

    def __init__(
        self,
        message: Text | str,
        *,
        vendor_code: str | None = None,
        vendor_text: str | None = None,
        code: str | None = None,
        hint: Text | None = None,
        context: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, context=context)
        self.vendor_code = vendor_code
        self.vendor_text = vendor_text


class Refused(ConnectorError):
    """The target's business "no" (over credit limit): back to the source with its reason."""

    default_code = "refused"


class Invalid(ConnectorError):
    """The data is wrong and will be wrong again: dead letter at once."""

    default_code = "invalid"


class Unavailable(ConnectorError):
    """Not now, and nothing was sent: retried with growing gaps, then a dead letter."""

    default_code = "unavailable"


class RateLimited(ConnectorError):
    """Too many calls: wait ``wait_s`` seconds; never counts as an attempt.

    ``this_call_only``: the target takes other calls meanwhile ("try later" about one document); otherwise
    every call to it waits.
    """

    default_code = "rate_limited"

    def __init__(
        self, message: Text | str, *, wait_s: float = 1.0, this_call_only: bool = False, **kwargs: object
    ) -> None:
        super().__init__(message, **kwargs)  # type: ignore[arg-type]
        self.wait_s = wait_s
        self.this_call_only = this_call_only


class OutcomeUnknown(ConnectorError):
    """A byte may have been sent and there is no clear answer: find out before repeating."""

    default_code = "unknown"


class MissingReference(ConnectorError):
    """The document names a record that is not known yet: parked until it appears.

    Args:
        reference: What is missing, as ``kind:system:id``, e.g. ``product:crm:M-77``.
    """

    default_code = "missing_reference"

    def __init__(self, message: Text | str, *, reference: str, **kwargs: object) -> None:
        super().__init__(message, **kwargs)  # type: ignore[arg-type]
        self.reference = reference


class StoreError(OperationalError):
    """The durable store could not do it."""

    default_code = "store_error"


class StoreUnavailable(StoreError):
    """The database is away, locked or full; nothing was written."""

    default_code = "store_unavailable"


class LeaseLost(StoreError):
    """This worker no longer owns the lane; nothing was written.

    Args:
        lanes: The lanes whose lease is gone.
    """

    default_code = "lease_lost"

    def __init__(self, message: Text | str, *, lanes: Sequence[int] = (), **kwargs: object) -> None:
        super().__init__(message, **kwargs)  # type: ignore[arg-type]
        self.lanes = tuple(lanes)


class WriteConflict(StoreError):
    """The row changed meanwhile; nothing of that unit was written."""

    default_code = "write_conflict"


class BadRow(StoreError):
    """This unit cannot be stored; the others of its group can."""

    default_code = "bad_row"


class SchemaTooOld(StoreError):
    """The database is of an older version: run the migrations."""

    default_code = "schema_too_old"


class SchemaTooNew(StoreError):
    """The database is of a newer version than this program: update the program."""

    default_code = "schema_too_new"


class UnexpectedError(HubError):
    """We must mend it."""

    default_code = "unexpected"
