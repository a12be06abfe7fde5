"""The people who work in the Tryton of a sandbox: they make what was ordered and ship what is there.

They press the buttons that stand in Tryton for them; the hub learns of it by asking Tryton.
"""

from __future__ import annotations

from typing import Final

from tools.tryton.client import Client

_PRODUCTION: Final = {
    "request": "draft", "draft": "wait", "waiting": "assign_try", "assigned": "run", "running": "do",
}  # fmt: skip
_SHIPMENT: Final = {
    "draft": "wait", "waiting": "assign_try", "assigned": "pick", "picked": "pack", "packed": "do",
}  # fmt: skip
PRODUCTION: Final = "production"
SHIPMENT: Final = "stock.shipment.out"
BUTTONS: Final = {PRODUCTION: _PRODUCTION, SHIPMENT: _SHIPMENT}


def work(client: Client, *, most: int = 1) -> int:
    """Take each open production and shipment on, by ``most`` steps; return how many steps were made.

    A shipment whose goods are still being made stays where it is: goods for part of it are not sent.
    """
    return sum(
        take_on(client, model, row["id"], most=most)
        for model, buttons in BUTTONS.items()
        for row in client.rows(model, [["state", "in", list(buttons)]], "state", order=[["id", "ASC"]])
    )


def take_on(client: Client, model: str, record: int, *, most: int) -> int:
    """Take one record on by ``most`` steps, or as far as it goes; return how many were made."""
    buttons = BUTTONS[model]
    for done in range(most):
        (row,) = client.rows(model, [["id", "=", record]], "state")
        button = buttons.get(row["state"])
        if button is None:
            return done
        client.press(model, record, button)
        (now,) = client.rows(model, [["id", "=", record]], "state")
        if now["state"] == row["state"]:
            return done
    return most
