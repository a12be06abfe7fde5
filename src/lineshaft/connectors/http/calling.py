"""One call: make the request, add credentials, send it, judge the answer.

It never retries; the one thing it does twice is a request that the target turned away because the session
had ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.base.clock import Clock
from lineshaft.base.errors import ConnectorError, ExpressionError, Invalid, Unavailable
from lineshaft.base.text import text
from lineshaft.connectors.http.authenticating import Authenticator
from lineshaft.connectors.http.expressions import Names
from lineshaft.connectors.http.judging import Case, Expired, judge, open_answer
from lineshaft.connectors.http.model import AnswerRule, KeyPlacement, RequestRule
from lineshaft.connectors.http.preparing import Preparer
from lineshaft.connectors.http.transport import Prepared, Reply, Transport
from lineshaft.connectors.http.vault import Vault
from lineshaft.connectors.http.wire import Unreadable

READ_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and how: everything about a call but its request."""

    what: str
    reads_only: bool
    timeout_s: float = READ_TIMEOUT_S
    sending: Callable[[], None] | None = None
    key: KeyPlacement | None = None
    link: str | None = None
    """An address from an earlier answer, instead of the request's own."""
    stream: Callable[[], Any] | None = None
    """A body too large to be held, instead of the request's own."""


class Caller:
    """Calls one system."""

    def __init__(
        self,
        system: str,
        settings: Mapping[str, Any],
        clock: Clock,
        *,
        transport: Transport,
        auth: Authenticator,
        vault: Vault,
        prepare: Preparer,
    ) -> None:
        self.system = system
        self.settings = settings
        self.clock = clock
        self.transport = transport
        self.auth = auth
        self.vault = vault
        self.prepare = prepare

    def names(self, **more: Any) -> dict[str, Any]:
        """Return the names that every expression may see, with ``more``."""
        return {
            "settings": self.settings,
            "session": {},
            "now": self.clock.now(),
            "payload": {},
            "key": "",
            **more,
        }

    async def judged(
        self, request: RequestRule, answers: AnswerRule, names: Names, asked: Asked
    ) -> tuple[dict[str, Any], Reply]:
        """Send and judge; once more after a new login where the session had ended.

        Raises:
            ConnectorError: One of the six classes.
        """
        full = self.names(**names)
        for last in (False, True):
            prepared, reply = await self.send(request, full, asked)
            case = self.case(asked)
            answer_names = open_answer(reply, full, case, prepared.form_of(answers.form))
            try:
                if self.auth.expired(answer_names):
                    raise Expired
                judge(answers, reply, answer_names, case)
                return answer_names, reply
            except Expired:
                if last or not self.auth.forget(prepared.session):
                    break
        raise self.turned_away(asked.what, reply)

    def turned_away(self, what: str, reply: Reply) -> Unavailable:
        """Return the error for credentials that are not (or no longer) accepted."""
        return Unavailable(
            text(
                "{system} does not accept the credentials for {what}",
                "{system} 不接受当前凭据:{what}",
                system=self.system,
                what=what,
            ),
            code="wrong_credentials",
            vendor_code=str(reply.status),
            hint=text("check the connection's credentials", "请检查连接的凭据"),
        )

    async def send(self, request: RequestRule, names: dict[str, Any], asked: Asked) -> tuple[Prepared, Reply]:
        """Make and send one request; ``names`` gets what the login kept.

        Raises:
            Invalid: The request cannot be made of these data.
            ConnectorError: It could not be sent, or no whole answer came.
        """
        prepared = await self.make(request, names, asked)
        reply = await self.transport.exchange(
            prepared, timeout_s=asked.timeout_s, reads_only=asked.reads_only, sending=asked.sending
        )
        return prepared, reply

    async def make(self, request: RequestRule, names: dict[str, Any], asked: Asked) -> Prepared:
        """Return the request with its credentials.

        Raises:
            Invalid: It cannot be made of these data.
        """
        names["session"] = await self.auth.ready(self.settings)
        try:
            prepared = self.prepare(request, names, asked.key, asked.link)
            prepared.stream = asked.stream
            await self.auth.apply(prepared, self.settings)
            prepared.seal()
        except (ExpressionError, Unreadable) as error:
            raise Invalid(
                text(
                    "{system}, {what}: the request cannot be made: {error}",
                    "{system},{what}:无法生成请求:{error}",
                    system=self.system,
                    what=asked.what,
                    error=error,
                ),
                code="request_incomplete",
                hint=getattr(error, "hint", None),
            ) from error
        return prepared

    async def exchange(self, prepared: Prepared) -> Reply:
        """Send a request of a login: a reading, whatever its method."""
        return await self.transport.exchange(prepared, timeout_s=READ_TIMEOUT_S, reads_only=True)

    def case(self, asked: Asked) -> Case:
        """Return what a judgement is about."""
        return Case(
            self.system,
            asked.what,
            reads_only=asked.reads_only,
            now=self.clock.now(),
            redact=self.vault.redact,
        )

    def unreadable(self, error: ExpressionError, asked: Asked) -> ConnectorError:
        """The target has done it, but its answer is not as declared: a write is not known to be recorded."""
        message = text(
            "{system} has answered {what}, but not as declared: {error}",
            "{system} 已应答 {what},但与声明不符:{error}",
            system=self.system,
            what=asked.what,
            error=error,
        )
        if asked.reads_only:
            return Invalid(message, code="answer_unreadable", hint=error.hint)
        return self.case(asked).unknown(message, code="answer_unreadable")
