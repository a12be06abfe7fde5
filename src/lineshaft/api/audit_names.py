"""What people call the things that the audit log names by their ids.

The log keeps the id, which nobody can change; a person who reads it knows the document's number. Only what
the reader may see is named: the store's reads hold row scope and masks.
"""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.base.ids import is_id
from lineshaft.base.scope import Scope
from lineshaft.store.port import Store
from lineshaft.store.rows import AuditEntry


async def names_of(store: Store, scope: Scope, entries: Sequence[AuditEntry]) -> dict[str, str]:
    """Return business keys of instances, dead letters and calls, by subjects that start with their ids."""
    asked = {entry.subject: first for entry in entries if is_id(first := entry.subject.partition("/")[0])}
    found = {
        identity: stored.instance.business_key or stored.instance.process_id
        for identity, stored in (await store.load_instances(scope, set(asked.values()))).items()
    }
    for identity in set(asked.values()) - found.keys():
        if (letter := await store.dead_letter(scope, identity)) is not None:
            found[identity] = letter.business_key or letter.system or ""
        elif (effect := await store.effect(scope, identity)) is not None:
            found[identity] = effect.business_key or f"{effect.system}.{effect.operation}"
    return {subject: found[identity] for subject, identity in asked.items() if found.get(identity)}
