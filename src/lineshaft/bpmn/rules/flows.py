"""Rules of sequence flows: both ends are there, in one scope, and agree with what the elements list."""

from __future__ import annotations

from lineshaft.base.text import text
from lineshaft.bpmn.document import Document, FlowDefinition, ProcessDefinition

_RECONNECT = text("Connect the flow again in the modeller.", "请在建模工具中重新连接该顺序流。")


def check(document: Document) -> None:
    """Check the sequence flows of every process."""
    for process in document.processes.values():
        for flow in process.flows.values():
            _ends(document, process, flow)
        _listed(document, process)


def _ends(document: Document, process: ProcessDefinition, flow: FlowDefinition) -> None:
    found = True
    for end, reference in (("sourceRef", flow.source), ("targetRef", flow.target)):
        if reference is None:
            found = False
            document.problem(
                "flow-end-missing",
                text(
                    "Expected the flow to have a {end}, but it has none", "顺序流应有 {end}，但没有", end=end
                ),
                line=flow.line,
                element=flow.id,
                hint=_RECONNECT,
            )
        elif reference not in process.elements:
            found = False
            document.problem(
                "flow-end-unknown",
                text(
                    "Expected {end} to name an element of this process, but {ref} is none",
                    "{end} 应为本流程中的元素，但 {ref} 不存在",
                    end=end,
                    ref=reference,
                ),
                line=flow.line,
                element=flow.id,
                hint=_RECONNECT,
            )
    if not found:
        return
    source, target = process.elements[flow.source or ""], process.elements[flow.target or ""]
    if source.container != target.container:
        document.problem(
            "flow-crosses-scope",
            text(
                "Expected a flow within one process or sub-process, but it goes from {a} to {b}",
                "顺序流应在同一流程或子流程内，但它从 {a} 到 {b}",
                a=source.container,
                b=target.container,
            ),
            line=flow.line,
            element=flow.id,
            hint=text("Connect the sub-process itself instead.", "请改为连接子流程本身。"),
        )
        return
    source.outgoing.append(flow.id)
    target.incoming.append(flow.id)


def _listed(document: Document, process: ProcessDefinition) -> None:
    """Where an element lists its flows, the lists must agree with the flows' ends."""
    for element in process.elements.values():
        for kind, listed, real in (
            ("incoming", element.listed_incoming, element.incoming),
            ("outgoing", element.listed_outgoing, element.outgoing),
        ):
            if listed is not None and set(real) - set(listed):
                missing = sorted(set(real) - set(listed))[0]
                document.problem(
                    "flow-not-listed",
                    text(
                        "Expected {kind} of {id} to name all of its flows, but {ref} is not among them",
                        "{id} 的 {kind} 应列出其所有顺序流，但缺少 {ref}",
                        kind=kind,
                        id=element.id,
                        ref=missing,
                    ),
                    line=element.line,
                    element=element.id,
                    hint=_RECONNECT,
                )
            for reference in listed or ():
                if reference not in real:
                    document.problem(
                        "flow-list-disagrees",
                        text(
                            "Expected {kind} of {id} to name a flow that ends there, but {ref} does not",
                            "{id} 的 {kind} 应为与之相连的顺序流，但 {ref} 不是",
                            kind=kind,
                            id=element.id,
                            ref=reference,
                        ),
                        line=element.line,
                        element=element.id,
                        hint=_RECONNECT,
                    )
