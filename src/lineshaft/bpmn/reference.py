"""The reference page of the process machine, written from its element classes and the runnable examples.

``page()`` returns Markdown; whoever may write files keeps it as ``docs/reference/bpmn.md``.
"""

from __future__ import annotations

import inspect
from typing import Final

from lineshaft.bpmn import loads
from lineshaft.bpmn.examples import EXAMPLES, Example
from lineshaft.bpmn.kernel.elements import ALL, LOOP
from lineshaft.bpmn.program import Node, Program

INTRODUCTION: Final = """# BPMN: what runs, and how

Processes are BPMN 2.0 files as ordinary modellers write them, in the dialect of Camunda 8 (`zeebe:`
extension elements); attributes of Camunda 7, Flowable, Activiti and jBPM are taken where they have a meaning
here. Conditions and mappings are [FEEL](feel.md). A file with an error is refused as a whole, and every
problem names its element, line and remedy. A file of no known engine's dialect is held to the whole text of
the standard and its schema; in one of a dialect, what its engine does not mind is a warning:

```python
from lineshaft import bpmn
from lineshaft.bpmn.testing import Bench
```

`bpmn.loads(text)` and `bpmn.load(path)` give definitions or raise `bpmn.InvalidModel` with all problems;
`Bench(definitions)` runs them in memory. Every example below runs as it stands.

## Elements

| element | what it does | example |
|---|---|---|
"""

NOTES: Final = """
## Events

| kind | start | event sub-process | catch | boundary | throw | end |
|---|---|---|---|---|---|---|
| none | yes | | | | yes | yes |
| message | yes | yes | yes | yes | yes | yes |
| timer (date, duration, cycle, cron) | yes | yes | yes | yes | | |
| signal | yes | yes | yes | yes | yes | yes |
| conditional | yes | yes | yes | yes | | |
| error | | yes | | yes | | yes |
| escalation | | yes | | yes | yes | yes |
| compensation | | yes | | yes | yes | yes |
| link | | | yes | | yes | |
| cancel | | | | on transactions | | in transactions |
| terminate | | | | | | yes |
| multiple, parallel multiple | yes | yes | yes | yes | yes | yes |

## Variables

Input mappings make variables of the element's own; without them a job is given all that is visible. Output
mappings go to where a variable of that name is visible, or else to the process; without them all variables
of an answer do. Each round of a loop has a scope of its own, and so has each flow in an ad-hoc sub-process
that gathers output or is led by a worker.

## Workers and listeners

The job of an ad-hoc sub-process with a task definition is asked for when it begins and whenever a flow inside
has ended; `adHocSubProcessElements` names what can be activated. Its answer holds `activateElements` (ids, or
`elementId` with `variables`), or `isCompletionConditionFulfilled`, with `isCancelRemainingInstances` to end
what is left. A listener of a user task answers with `corrections` (such as `assignee`) or, for assigning,
updating and completing, with `denied`. Whatever ends a user task waits for its canceling listeners.

## What goes wrong

An expression without a value, a failed job, an error that nobody catches: an *incident* at the element,
which goes on when a person has resolved it. A late or repeated answer is rejected and changes nothing.
"""


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for kind in ALL:
        names = ", ".join(f"`{name}`" for name in kind.types)
        shown = [example for example in EXAMPLES if set(example.types) & set(kind.types)]
        links = ", ".join(f"[{example.title}](#{_anchor(example)})" for example in shown)
        parts.append(f"| {names} | {_summary(kind)} | {links} |\n")
    loop = next(example for example in EXAMPLES if "loop" in example.types)
    parts.append(
        f"| multi-instance, standard loop | {_summary(type(LOOP))} | [{loop.title}](#{_anchor(loop)}) |\n"
    )
    parts.append(NOTES)
    parts.append("\n## Examples\n")
    parts += [_example(example) for example in EXAMPLES]
    return "".join(parts)


def _summary(kind: type) -> str:
    """Return the first paragraph of a class's text, on one line."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def _anchor(example: Example) -> str:
    return example.title.lower().replace(" ", "-").replace(",", "")


def _example(example: Example) -> str:
    program = loads(example.xml)["p"]
    return (
        f"\n### {example.title}\n\n{example.title_zh}\n\n"
        f"```mermaid\n{_picture(program)}```\n\n"
        f"```python\nbench = Bench(bpmn.loads('''{example.xml}'''))\n{example.drive}\n```\n"
    )


_SHAPES: Final = {"startEvent": ("((", "))"), "endEvent": ("(((", ")))")}


def _picture(program: Program) -> str:
    lines = ["flowchart LR\n"]
    lines += _inside(program.root, 1)
    for flow in program.flows.values():
        label = f'|"{flow.condition.text}"|' if flow.condition is not None else ""
        lines.append(f"  {_name(flow.source)} -->{label} {_name(flow.target)}\n")
    for node in program.nodes.values():
        if node.attached_to is not None:
            lines.append(f"  {_name(node.attached_to)} -.- {_name(node)}\n")
    return "".join(lines)


def _name(node: Node) -> str:
    """A word that the drawing language does not take for its own."""
    return f"n_{node.id}"


def _inside(container: Node, depth: int) -> list[str]:
    indent = "  " * depth
    lines: list[str] = []
    for node in container.children:
        if node.children:
            lines.append(f'{indent}subgraph {_name(node)} ["{node.id}"]\n')
            lines += _inside(node, depth + 1)
            lines.append(f"{indent}end\n")
            continue
        if node.type.endswith("Gateway"):
            left, right = "{", "}"
        elif node.type.endswith("Event"):
            left, right = _SHAPES.get(node.type, ("((", "))"))
        else:
            left, right = "[", "]"
        lines.append(f'{indent}{_name(node)}{left}"{node.id}"{right}\n')
    return lines
