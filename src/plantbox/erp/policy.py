"""How the firm runs its ERP: what happens on short stock, who releases plans, who makes
them, how deliveries leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plantbox.fields import BadField, Fields

CHOICES = {
    "short_stock": ("split", "produce", "reject", "ask"),
    "plan_release": ("auto", "manual"),
    "delivery": ("instant", "timed", "notice"),
    "production": ("self", "mes"),
}


@dataclass(slots=True)
class Policy:
    """Changeable while the ERP runs; ``first_shipment`` is the share of a line that its first delivery
    carries. Where short stock says ``ask``, an order waits until whoever submits it says one of the others.
    """

    short_stock: str = "split"
    plan_release: str = "auto"
    delivery: str = "timed"
    production: str = "self"
    first_shipment: Decimal = Decimal(1)

    @classmethod
    def of(cls, **values: str) -> Policy:
        """Return a policy from texts; ``BadField`` says which is wrong."""
        policy = cls()
        policy.set(values)
        return policy

    def set(self, values: Mapping[str, Any]) -> None:
        """Change what is given, all or nothing."""
        fields = Fields(dict(values))
        chosen: dict[str, str] = {}
        for name in values:
            if name in CHOICES:
                value = fields.text(name)
                if value not in CHOICES[name]:
                    raise BadField(name, f"Expected one of {', '.join(CHOICES[name])}, but found {value}.")
                chosen[name] = value
            elif name != "first_shipment":
                raise BadField(name, f"Expected one of {', '.join(CHOICES)}, first_shipment.")
        share = fields.number("first_shipment", str(self.first_shipment), low="0")
        if not 0 < share <= 1:
            raise BadField("first_shipment", "Expected a share above 0 and at most 1.")
        for name, value in chosen.items():
            setattr(self, name, value)
        self.first_shipment = share

    def view(self) -> dict[str, str]:
        """Return it as the admin listener shows it."""
        return {
            **{name: str(getattr(self, name)) for name in CHOICES},
            "first_shipment": str(self.first_shipment),
        }
