"""The life of a token as a table: which state may follow which.

::

    CREATED   a flow was taken to the element; nothing of it has run
      └─ ENTERING  input mappings, start listeners, subscriptions of boundary events
           └─ ACTIVE    the element does its work or waits for an answer
                └─ LEAVING   output mappings, end listeners; then its flows are taken and it is gone

A token may be taken away in any state (interrupted, cancelled). An incident stops a token in the state it
has; resolving it does that state's work again. A compensation or loop never moves a token back: it makes a
new one.
"""

from __future__ import annotations

from lineshaft.bpmn.kernel.state import ACTIVE, CREATED, ENTERING, LEAVING, Token

ALLOWED: dict[int, frozenset[int]] = {
    CREATED: frozenset({ENTERING}),
    ENTERING: frozenset({ACTIVE}),
    ACTIVE: frozenset({LEAVING}),
    LEAVING: frozenset(),
}
NAMES = {CREATED: "created", ENTERING: "entering", ACTIVE: "active", LEAVING: "leaving"}


def move(token: Token, state: int) -> None:
    """Move a token on; a move that the table does not know is a bug in the kernel."""
    if state not in ALLOWED[token.state]:
        raise AssertionError(
            f"Expected a token that may become {NAMES[state]}, but {token.element} is {NAMES[token.state]}"
        )
    token.state = state
