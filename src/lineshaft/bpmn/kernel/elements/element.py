"""The one interface of all element types. Read this first, then any file beside it.

An element object holds no state: one object serves all nodes of its type in all processes. It is given the
``run`` (the working copy of this step), the ``scope`` and ``token`` it may change, and its compiled ``node``.

The machine calls, in this order:

1. ``arrive`` - only where several flows meet (``node.is_join``): a token has come by one of them. Return
   True to begin the element with this token. Return False after putting the token away with
   ``join(…)``; the element then begins when a later token completes the set.
2. ``activate`` - inputs are mapped, start listeners have run, boundary events wait. Do the work now.
   Next is one of: ``run.complete(…)`` (the work is done), an effect (the answer comes as a command, the
   token stays), ``waiting.open_own(…)``, ``run.incident(…)``, or ``throwing.…``.
3. ``answered`` - the answer to an effect has come (a job, a task, a decision, a child). Usually
   ``run.answer(…)``.
4. ``caught`` - a timer, message, signal or condition that this token waits for was reached.
5. ``inside_done`` - nothing is left to do inside this element's scope.
6. ``retry`` - an incident at the ACTIVE token was resolved: ask again for what failed.
7. ``terminate`` - the token is being taken away: withdraw what was asked for. Waits, incidents, variables
   and inner scopes are taken away by the machine.
8. ``remember`` - the token leaves as it should and could be compensated later: say what to keep.

What is expected to go wrong is an ``ExpressionError`` that the element turns into ``run.incident``; any other
exception is a bug and freezes the instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from lineshaft.bpmn.kernel.state import Done, ScopeState, Token
from lineshaft.bpmn.program import Node

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run

__all__ = ["Element", "Plain", "join"]


class Element(Protocol):
    """See the module's text for when each method is called."""

    types: ClassVar[tuple[str, ...]]
    """The BPMN names it serves."""

    def arrive(self, run: Run, scope: ScopeState, token: Token, node: Node) -> bool:
        """Take in a token where flows meet; True begins the element."""
        ...

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Do the element's work, or ask for it."""
        ...

    def answered(
        self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]
    ) -> None:
        """Take in the answer."""
        ...

    def caught(
        self, run: Run, scope: ScopeState, token: Token, node: Node, event: Node, variables: Mapping[str, Any]
    ) -> None:
        """Go on because what was waited for came at ``event``."""
        ...

    def inside_done(self, run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        """Go on because the scope inside has nothing left to do."""
        ...

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Ask again after an incident."""
        ...

    def terminate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Withdraw what was asked for."""
        ...

    def remember(self, run: Run, scope: ScopeState, token: Token, node: Node) -> Done | None:
        """Return what compensation needs to know."""
        ...


class Plain:
    """The steps that most elements share, as functions to delegate to; not a base class."""

    @staticmethod
    def arrive(run: Run, scope: ScopeState, token: Token, node: Node) -> bool:
        """Begin with every token; with a start quantity, when so many have come."""
        if node.start_quantity <= 1:
            return True
        return join(run, scope, token, node, node.start_quantity)

    @staticmethod
    def answered(run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]) -> None:
        """Take over the answer's variables and end."""
        run.answer(scope, token, node, answer)

    @staticmethod
    def not_caught(
        run: Run, scope: ScopeState, token: Token, node: Node, event: Node, variables: Mapping[str, Any]
    ) -> None:
        """Nothing is caught here."""
        raise AssertionError(f"Expected {node.type} {node.id} not to wait, but it was reached")

    @staticmethod
    def go_on(
        run: Run, scope: ScopeState, token: Token, node: Node, event: Node, variables: Mapping[str, Any]
    ) -> None:
        """What came is the element's own: take it in and end."""
        run.answer(scope, token, node, variables)

    @staticmethod
    def no_inside(run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        """There is nothing inside."""
        raise AssertionError(f"Expected {node.type} {node.id} to have nothing inside, but it has")

    @staticmethod
    def nothing(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Nothing to withdraw."""

    @staticmethod
    def remember(run: Run, scope: ScopeState, token: Token, node: Node) -> Done | None:
        """Keep the local variables and the place, for the handler."""
        snapshot = 0
        values = run.values(token.number)
        if values:
            snapshot = run.new_number()
            for name, value in values.items():
                run.set_variable(snapshot, name, value)
        return Done(token.number, node.id, snapshot)


def join(run: Run, scope: ScopeState, token: Token, node: Node, needed: int) -> bool:
    """Put a token away until ``needed`` have come; True with the one that completes them."""
    arrived = scope.arrivals.setdefault(node.id, [])
    arrived.append(token.flow or "")
    if len(arrived) >= needed:
        del scope.arrivals[node.id]
        return True
    del scope.tokens[token.number]
    return False
