"""The record of a long run: what was run, on which commit, with which seed, and what came out.

A test takes the fixture ``proof_record`` and calls it once per result::

    @pytest.mark.proof
    def test_hub_loses_nothing_in_a_storm(proof_record):
        ...
        proof_record("storm", {"steps": 1_000_000, "violations": 0}, seed=4711)

``make proof`` keeps each as ``docs/reference/proof/<name>.json`` and writes ``docs/reference/proof.md``
from them. Elsewhere the figures are only printed. A run that failed records nothing new.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tools import stamp

FOLDER = stamp.ROOT / "docs" / "reference" / "proof"
Figure = int | float | str | bool


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """Records results of one test; call it after the last assertion."""

    test: str

    def __call__(self, name: str, figures: Mapping[str, Figure], *, seed: int | None = None) -> None:
        """Record ``figures`` (in the order they should be read) under a stable lower-case ``name``."""
        if not re.fullmatch(r"[a-z0-9-]+", name):
            raise ValueError(f"Expected a name of a-z, 0-9 and -, but got {name!r}.")
        entry = {
            "name": name,
            "test": self.test,
            **stamp.of_this_tree(),
            "seed": seed,
            "figures": dict(figures),
        }
        print(f"proof: {name}: {json.dumps(entry, ensure_ascii=False)}")
        if os.environ.get("LINESHAFT_PROOF_RECORD") == "1":
            FOLDER.mkdir(parents=True, exist_ok=True)
            text = json.dumps(entry, ensure_ascii=False, indent=2)
            (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
