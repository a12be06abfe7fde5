"""State maps 状态对照: what a document's state in one system is called in the others."""

from __future__ import annotations

from lineshaft.api.access import DocumentReader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.reference_views import (
    DocumentStatesView,
    MappedStateView,
    StateMaps,
    TranslatedState,
    UnmappedStateView,
)
from lineshaft.api.routing import make_router
from lineshaft.insight.states import unmapped_states
from lineshaft.sdk.states import DocumentStates

router = make_router("state-maps")


@router.get("/state-maps", response_model=StateMaps)
async def list_state_maps(services: ServicesOf, caller: DocumentReader) -> Json:
    """Return all state maps of the active release, and the states that documents have and no map knows."""
    spec = services.states()
    found = await unmapped_states(services.store, caller.scope, spec)
    unmapped = [
        UnmappedStateView(each.document, each.system, each.state, each.count, list(each.numbers))
        for each in found
    ]
    return Json(StateMaps([_view(each) for _, each in sorted(spec.documents.items())], unmapped))


@router.get("/state-map-check", response_model=TranslatedState)
async def check_state(
    services: ServicesOf, caller: DocumentReader, document: str, *, system: str, state: str, target: str = ""
) -> Json:
    """Return what a state of a system is called in another; an unmapped one stays as it is, and says so."""
    spec = services.states()
    own = spec.read(document, system, state)
    there = spec.write(document, own, target) if own is not None and target else None
    mapped = own is not None and (not target or there is not None)
    return Json(TranslatedState(own, there, mapped, state))


def _view(spec: DocumentStates) -> DocumentStatesView:
    states = []
    for state, label in spec.states.items():
        systems = {
            system: [raw for raw, own in mapped.items() if own == state]
            for system, mapped in sorted(spec.systems.items())
        }
        writes = {system: each[state] for system, each in sorted(spec.writes.items()) if state in each}
        states.append(MappedStateView(state, label.to_dict(), systems, writes))
    return DocumentStatesView(spec.document, states)
