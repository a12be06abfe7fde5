"""Rules of structure: what stands in a process and in its containers, and where flows may begin and end."""

from __future__ import annotations

from lineshaft.base.text import text
from lineshaft.bpmn.document import Document, ElementDefinition
from lineshaft.bpmn.rules.events import ACTIVITY_TYPES
from lineshaft.bpmn.rules.place import Place

_REMOVE_FLOW = text("Remove the flow.", "请删除该顺序流。")
_FIX_REFERENCE = text("Choose an existing element, or remove the reference.", "请选择已有元素或删除该引用。")


def check(document: Document) -> None:
    """Check the file and every process."""
    if not document.processes and not document.problems:
        document.problem(
            "no-process",
            text(
                "Expected at least one process in the file, but there is none",
                "文件中应至少有一个流程，但没有",
            ),
            hint=text("Draw a process.", "请绘制一个流程。"),
        )
    _collaboration(document)
    said = any("isExecutable" in process.attributes for process in document.processes.values())
    if document.processes and not said and not any(p.top for p in document.processes.values()):
        first = next(iter(document.processes.values()))
        document.problem(
            "process-empty",
            text(
                "Expected something to run in process {id}, but it is empty",
                "流程 {id} 应有内容，但为空",
                id=first.id,
            ),
            line=first.line,
            element=first.id,
            hint=text("Draw at least a start event.", "请至少绘制一个开始事件。"),
        )
    for process in list(document.processes.values())[:1]:
        _roots(Place(document, process))
    for process in document.processes.values():
        place = Place(document, process)
        _process(place)
        _lanes(place)
        _associations(place)
        for element in process.elements.values():
            _ends(place, element)
            if element.type in ("subProcess", "transaction", "eventSubProcess"):
                _container(place, element)
            elif element.type == "adHocSubProcess":
                _ad_hoc(place, element)
            if element.attributes.get("isForCompensation", "false") in ("true", "1"):
                _compensation_handler(place, element)


def _roots(place: Place) -> None:
    """The engines of the older dialects want a signal's name once, and no empty error codes."""
    if not place.is_camunda:
        return
    seen: dict[str, str] = {}
    for root in place.document.roots.values():
        if root.kind == "signal" and root.name:
            other = seen.setdefault(root.name, root.id)
            if other != root.id:
                place.note(
                    "signal-name-twice",
                    text(
                        "Expected every signal to have a name of its own, but {a} and {b} are both {name}",
                        "每个信号的名称应唯一，但 {a} 和 {b} 都名为 {name}",
                        a=other,
                        b=root.id,
                        name=root.name,
                    ),
                    text("Refer to one signal in both places.", "请在两处引用同一信号。"),
                    line=root.line,
                    name=root.id,
                )
        elif root.kind == "error" and root.code == "":
            place.note(
                "error-without-code",
                text(
                    "Expected error {id} to have a code, but it is empty",
                    "错误 {id} 的代码为空",
                    id=root.id,
                ),
                text("Fill in the code that catch events look for.", "请填写供捕获事件匹配的代码。"),
                line=root.line,
                name=root.id,
            )


def _collaboration(document: Document) -> None:
    for participant, _, process in document.participants:
        if process is not None and process not in document.processes and process not in document.ids:
            document.problem(
                "participant-process-unknown",
                text(
                    "Expected participant {id} to name a process of this file, but {ref} is none",
                    "参与者 {id} 应引用本文件中的流程，但 {ref} 不存在",
                    id=participant,
                    ref=process,
                ),
                element=participant,
                line=document.ids.get(participant),
                hint=_FIX_REFERENCE,
            )
    for flow, source, target, line in document.message_flows:
        for end, reference in (("sourceRef", source), ("targetRef", target)):
            if reference is None or reference not in document.ids:
                document.problem(
                    "message-flow-end-unknown",
                    text(
                        "Expected {end} of message flow {id} to name an element, but {ref} is none",
                        "消息流 {id} 的 {end} 应为本文件中的元素，但 {ref} 不存在",
                        end=end,
                        id=flow,
                        ref=reference or "(nothing)",
                    ),
                    line=line,
                    element=flow,
                    hint=_FIX_REFERENCE,
                )


def _none_starts(place: Place, container: str) -> list[ElementDefinition]:
    return [e for e in place.process.inside(container) if e.type == "startEvent" and not e.events]


def _process(place: Place) -> None:
    process = place.process
    if "zeebe:versionTag" in process.extensions.dialects and not process.extensions.version_tag:
        place.note(
            "version-tag-missing",
            text(
                "Expected the version tag of process {id} to have a value, but it is empty",
                "流程 {id} 的版本标签应有值，但为空",
                id=process.id,
            ),
            text("Fill it in or remove it.", "请填写或删除。"),
        )
    top = list(process.inside(process.id))
    starts = [element for element in top if element.type == "startEvent"]
    if not top:
        place.note(
            "process-empty",
            text(
                "Expected something to run in process {id}, but it is empty",
                "流程 {id} 应有内容，但为空",
                id=process.id,
            ),
            text("Draw at least a start event.", "请至少绘制一个开始事件。"),
        )
        return
    begins = starts or [element for element in top if _can_begin(element)]
    if not begins or (place.is_zeebe and not starts):
        place.note(
            "process-without-start",
            text(
                "Expected process {id} to have a start event, but it has none",
                "流程 {id} 应有开始事件，但没有",
                id=process.id,
            ),
            text("Draw a start event.", "请绘制开始事件。"),
        )
    nones = _none_starts(place, process.id)
    if len(nones) > 1 and (place.is_zeebe or place.is_camunda):
        place.note(
            "none-starts",
            text(
                "Expected one none start event in {id}, but there are {count}",
                "{id} 应只有一个空开始事件，但有 {count} 个",
                id=process.id,
                count=len(nones),
            ),
            text("Keep one of them.", "请只保留一个。"),
            nones[1],
        )


def _can_begin(element: ElementDefinition) -> bool:
    if element.incoming or element.type in ("boundaryEvent", "eventSubProcess"):
        return False
    return element.attributes.get("isForCompensation", "false") not in ("true", "1")


def _ends(place: Place, element: ElementDefinition) -> None:
    """Some elements have no flow in, some none out."""
    kinds = {event.kind for event in element.events}
    no_in = element.type in ("startEvent", "boundaryEvent", "eventSubProcess")
    no_in = no_in or (element.type == "intermediateCatchEvent" and "link" in kinds)
    no_out = element.type in ("endEvent", "eventSubProcess")
    no_out = no_out or (element.type == "intermediateThrowEvent" and "link" in kinds)
    no_out = no_out or (element.type == "boundaryEvent" and "compensate" in kinds)
    for forbidden, flows, zh, way in (
        (no_in, element.incoming, "输入", "incoming"),
        (no_out, element.outgoing, "输出", "outgoing"),
    ):
        if forbidden and flows:
            place.note(
                f"{way}-not-allowed",
                text(
                    f"Expected no {way} flow at {{type}} {{id}}, but {{flow}} is one",
                    f"{{type}} {{id}} 不应有{zh}顺序流，但有 {{flow}}",
                    type=element.type,
                    id=element.id,
                    flow=flows[0],
                ),
                _REMOVE_FLOW,
                element,
            )
    _way_on(place, element, no_out=no_out)
    if element.type == "endEvent" and not element.incoming:
        place.note(
            "end-never-reached",
            text(
                "Expected a flow into end event {id}, but there is none",
                "结束事件 {id} 应有输入顺序流，但没有",
                id=element.id,
            ),
            text("Connect it or remove it.", "请连接或删除该元素。"),
            element,
        )
    if _unreached(place, element):
        place.note(
            "never-reached",
            text(
                "Expected a flow into {id}, but there is none", "{id} 应有输入顺序流，但没有", id=element.id
            ),
            text("Connect it or remove it.", "请连接或删除该元素。"),
            element,
            warning=not place.is_plain,
        )


def _way_on(place: Place, element: ElementDefinition, *, no_out: bool) -> None:
    """An event that is not an end goes on."""
    events = ("startEvent", "intermediateCatchEvent", "intermediateThrowEvent")
    if element.type in events and not element.outgoing and not no_out:
        beside = [e for e in place.process.inside(element.container) if e.type != "eventSubProcess"]
        container = place.process.elements.get(element.container)
        alone = element.type == "startEvent" and len(beside) == 1
        alone = alone or (container is not None and container.type == "adHocSubProcess")
        place.note(
            "no-way-on",
            text(
                "Expected a flow out of {id}, but there is none", "{id} 应有输出顺序流，但没有", id=element.id
            ),
            text("Draw a flow from it.", "请从该元素画出一条顺序流。"),
            element,
            warning=(alone and not (place.is_zeebe and element.type == "intermediateCatchEvent"))
            or (place.is_camunda and not place.is_zeebe),
        )


def _unreached(place: Place, element: ElementDefinition) -> bool:
    container = place.process.elements.get(element.container)
    if container is not None and container.type == "adHocSubProcess":
        return False
    if not _can_begin(element) or element.type == "startEvent" or element.flag("instantiate", False):
        return False
    if any(event.kind == "link" for event in element.events):
        return False
    return any(e.type == "startEvent" for e in place.process.inside(element.container))


def _container(place: Place, element: ElementDefinition) -> None:
    inside = list(place.process.inside(element.id))
    starts = [child for child in inside if child.type == "startEvent"]
    is_event = element.type == "eventSubProcess"
    if (is_event or place.is_zeebe) and len(starts) != 1:
        place.note(
            "subprocess-starts",
            text(
                "Expected exactly one start event in {id}, but there are {count}",
                "{id} 中应有且只有一个开始事件，但有 {count} 个",
                id=element.id,
                count=len(starts),
            ),
            text("Keep or draw exactly one.", "请保留或绘制一个开始事件。"),
            element,
        )
    elif not starts and (inside or place.is_camunda) and not any(_can_begin(child) for child in inside):
        place.note(
            "subprocess-without-start",
            text(
                "Expected {id} to have a place to start, but it has none",
                "{id} 应有开始之处，但没有",
                id=element.id,
            ),
            text("Draw a start event in it.", "请在其中绘制开始事件。"),
            element,
        )
    elif len(_none_starts(place, element.id)) > 1:
        place.note(
            "none-starts",
            text(
                "Expected one none start event in {id}, but there are more",
                "{id} 应只有一个空开始事件",
                id=element.id,
            ),
            text("Keep one of them.", "请只保留一个。"),
            element,
        )
    if not is_event and element.flag("triggeredByEvent", False):
        _no_event_subprocess(place, element)
    if is_event and element.loops:
        place.note(
            "event-subprocess-loop",
            text(
                "Expected no loop at event sub-process {id}, but it has one",
                "事件子流程 {id} 不应有循环",
                id=element.id,
            ),
            text("Remove the loop marker.", "请删除循环标记。"),
            element,
        )


def _no_event_subprocess(place: Place, element: ElementDefinition) -> None:
    place.note(
        "event-subprocess-kind",
        text(
            "Expected an event sub-process to be a plain sub-process, but {id} is a {type}",
            "事件子流程应为普通子流程，但 {id} 是 {type}",
            id=element.id,
            type=element.type,
        ),
        text("Use a sub-process, or remove triggeredByEvent.", "请改用子流程，或删除 triggeredByEvent。"),
        element,
    )


def _ad_hoc(place: Place, element: ElementDefinition) -> None:
    inside = list(place.process.inside(element.id))
    if element.flag("triggeredByEvent", False):
        _no_event_subprocess(place, element)
    for child in inside:
        if child.type in ("startEvent", "endEvent"):
            place.note(
                "ad-hoc-start-or-end",
                text(
                    "Expected no start or end event in the ad-hoc sub-process {id}, but {child} is one",
                    "自由子流程 {id} 中不应有开始或结束事件，但有 {child}",
                    id=element.id,
                    child=child.id,
                ),
                text("Remove the event.", "请删除该事件。"),
                child,
            )
    if not any(child.type in ACTIVITY_TYPES for child in inside):
        place.note(
            "ad-hoc-empty",
            text(
                "Expected an activity in {id}, but there is none",
                "{id} 中应至少有一个活动，但没有",
                id=element.id,
            ),
            text("Draw at least one activity.", "请至少绘制一个活动。"),
            element,
        )
    ordering = element.attributes.get("ordering", "Parallel")
    if ordering not in ("Parallel", "Sequential"):
        place.note(
            "ad-hoc-ordering",
            text(
                "Expected ordering Parallel or Sequential, but it is {value}",
                "ordering 无效：{value}",
                value=ordering,
            ),
            text("Choose one of the two.", "请选择其中之一。"),
            element,
        )


def _compensation_handler(place: Place, element: ElementDefinition) -> None:
    if element.incoming or element.outgoing:
        place.note(
            "compensation-handler-in-flow",
            text(
                "Expected the compensation handler {id} outside of the sequence flow, but it has flows",
                "补偿处理 {id} 不应处于顺序流中，但有顺序流",
                id=element.id,
            ),
            text("Remove its flows; an association is enough.", "请删除其顺序流，仅保留关联。"),
            element,
        )
    linked = any(element.id in (a.source, a.target) for a in place.process.associations)
    if not linked:
        place.note(
            "compensation-handler-alone",
            text(
                "Expected an association from a compensation boundary event to {id}, but there is none",
                "应有从补偿边界事件到 {id} 的关联，但没有",
                id=element.id,
            ),
            text("Draw the association.", "请绘制该关联。"),
            element,
            warning=not place.is_plain,
        )


def _lanes(place: Place) -> None:
    for lane, _, members in place.process.lanes:
        for member in members:
            if member not in place.document.ids:
                place.note(
                    "lane-member-unknown",
                    text(
                        "Expected lane {lane} to name elements of this file, but {ref} is none",
                        "泳道 {lane} 应引用本文件中的元素，但 {ref} 不存在",
                        lane=lane,
                        ref=member,
                    ),
                    _FIX_REFERENCE,
                    name=lane,
                    line=place.document.ids.get(lane, place.process.line),
                )
            elif member not in place.process.elements:
                place.note(
                    "lane-member-kind",
                    text(
                        "Expected lane {lane} to hold elements that flows connect in its process, but {ref} "
                        "is none",
                        "泳道 {lane} 应包含本流程的活动、事件和网关，但 {ref} 不是",
                        lane=lane,
                        ref=member,
                    ),
                    _FIX_REFERENCE,
                    name=lane,
                    line=place.document.ids.get(lane, place.process.line),
                    # Some modellers list also the data and notes that they draw in a lane.
                    warning=not place.is_plain and member not in place.process.flows,
                )


def _associations(place: Place) -> None:
    process = place.process
    for association in process.associations:
        for reference in (association.source, association.target):
            if reference is None or reference not in place.document.ids:
                place.note(
                    "association-end-unknown",
                    text(
                        "Expected both ends of an association to be in this file, but {ref} is not",
                        "关联的两端都应在本文件中，但 {ref} 不存在",
                        ref=reference or "(nothing)",
                    ),
                    _FIX_REFERENCE,
                    line=association.line,
                    name=association.id or process.id,
                )
    for element in process.elements.values():
        if element.type != "boundaryEvent" or all(e.kind != "compensate" for e in element.events):
            continue
        handlers = [a.target for a in process.associations if a.source == element.id]
        handlers += [a.source for a in process.associations if a.target == element.id]
        known = [process.elements[handler] for handler in handlers if handler in process.elements]
        if len(known) != 1:
            place.note(
                "compensation-without-handler",
                text(
                    "Expected one association from {id} to its compensation handler, but there are {count}",
                    "{id} 应有一个指向补偿处理的关联，但有 {count} 个",
                    id=element.id,
                    count=len(known),
                ),
                text("Draw an association to the handler.", "请绘制指向补偿处理的关联。"),
                element,
            )
        elif known[0].attributes.get("isForCompensation", "false") not in ("true", "1"):
            place.note(
                "compensation-handler-unmarked",
                text(
                    "Expected the handler {id} to be marked for compensation, but it is not",
                    "补偿处理 {id} 应标记为用于补偿，但没有",
                    id=known[0].id,
                ),
                text("Set isForCompensation on it.", "请为其设置 isForCompensation。"),
                known[0],
            )
        elif known[0].container != element.container:
            place.note(
                "compensation-handler-elsewhere",
                text(
                    "Expected the handler {id} beside {event}, but it stands in {container}",
                    "补偿处理 {id} 应与 {event} 处于同一层，但它位于 {container}",
                    id=known[0].id,
                    event=element.id,
                    container=known[0].container,
                ),
                text("Move it to where the activity stands.", "请将其移到该活动所在的层。"),
                known[0],
            )
