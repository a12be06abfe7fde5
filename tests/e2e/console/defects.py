"""Pieces that the shop floor leaves undecided: something for somebody's inbox.

A module of its own, so that all tests count on from one number: two runs of one number would be one run.
"""

from __future__ import annotations

import itertools

from e2e.console.conftest import Visit

NUMBERS = itertools.count()


def defect(visit: Visit) -> str:
    """Let the shop floor leave pieces undecided; the number of the defect."""
    number = f"QX-9{next(NUMBERS):03d}-{visit.language.upper()}"
    told = {
        "defectNo": number,
        "externalOrderNo": "SCDD-1",
        "operationName": "精车 Turning",
        "quantity": "12",
    }
    body = {
        "name": "mes-defect-opened",
        "key": number,
        "variables": {"defect": told | {"badReasonName": "尺寸超差"}},
    }
    visit.hub.run(visit.hub.factory.hub("POST", "/messages", body))
    return number
