"""DMN models for tests, written shortly."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def model(*parts: str, namespace: str = "urn:test", version: str = NAMESPACE, name: str = "Test") -> str:
    head = f'<definitions xmlns="{version}" name="{name}" namespace="{namespace}" id="d">'
    return f"{head}{''.join(parts)}</definitions>"


def _type(type_ref: str | None) -> str:
    return f" typeRef={quoteattr(type_ref)}" if type_ref else ""


def literal(text: str, type_ref: str | None = None) -> str:
    return f"<literalExpression{_type(type_ref)}><text>{escape(text)}</text></literalExpression>"


def input_data(name: str, type_ref: str | None = None) -> str:
    return f'<inputData id="{name}" name="{name}"><variable name="{name}"{_type(type_ref)}/></inputData>'


def _required(refs: Sequence[str], tag: str) -> str:
    inner = {"requiredKnowledge": "knowledgeRequirement"}.get(tag, "informationRequirement")
    return "".join(f'<{inner}><{tag} href="{ref if "#" in ref else "#" + ref}"/></{inner}>' for ref in refs)


def decision(
    name: str,
    logic: str,
    *,
    inputs: Sequence[str] = (),
    decisions: Sequence[str] = (),
    knowledge: Sequence[str] = (),
    type_ref: str | None = None,
) -> str:
    return (
        f'<decision id="{name}" name="{name}"><variable name="{name}"{_type(type_ref)}/>'
        f"{_required(inputs, 'requiredInput')}{_required(decisions, 'requiredDecision')}"
        f"{_required(knowledge, 'requiredKnowledge')}{logic}</decision>"
    )


def function(
    parameters: dict[str, str | None], logic: str, kind: str = "FEEL", tag: str = "functionDefinition"
) -> str:
    inner = "".join(f'<formalParameter name="{name}"{_type(ref)}/>' for name, ref in parameters.items())
    return f'<{tag} kind="{kind}">{inner}{logic}</{tag}>'


def knowledge(
    name: str, parameters: dict[str, str | None], logic: str, *, type_ref: str | None = None,
    requires: Sequence[str] = (), kind: str = "FEEL",
) -> str:  # fmt: skip
    inner = function(parameters, logic, kind, "encapsulatedLogic")
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}"{_type(type_ref)}/>'
        f"{inner}{_required(requires, 'requiredKnowledge')}</businessKnowledgeModel>"
    )


def service(
    name: str, outputs: Sequence[str], *, encapsulated: Sequence[str] = (), decisions: Sequence[str] = (),
    inputs: Sequence[str] = (), type_ref: str | None = None,
) -> str:  # fmt: skip
    parts = [
        *(f'<outputDecision href="#{ref}"/>' for ref in outputs),
        *(f'<encapsulatedDecision href="#{ref}"/>' for ref in encapsulated),
        *(f'<inputDecision href="#{ref}"/>' for ref in decisions),
        *(f'<inputData href="#{ref}"/>' for ref in inputs),
    ]
    head = f'<decisionService id="{name}" name="{name}"><variable name="{name}"{_type(type_ref)}/>'
    return f"{head}{''.join(parts)}</decisionService>"


def context(*entries: tuple[str | None, str], type_ref: str | None = None) -> str:
    inner = "".join(
        f"<contextEntry>{'' if name is None else f'<variable name={quoteattr(name)}/>'}{value}</contextEntry>"
        for name, value in entries
    )
    return f"<context{_type(type_ref)}>{inner}</context>"


def table(
    inputs: Sequence[str | tuple[str, str]],
    outputs: Sequence[str],
    rules: Sequence[Sequence[str]],
    hit_policy: str = "UNIQUE",
    *,
    aggregation: str = "",
    input_values: dict[int, str] | None = None,
    output_values: dict[int, str] | None = None,
    defaults: dict[int, str] | None = None,
    output_types: dict[int, str] | None = None,
) -> str:
    """Return a table; an input is an expression or a pair of expression and type."""
    parts = []
    for position, clause in enumerate(inputs):
        text, ref = clause if isinstance(clause, tuple) else (clause, None)
        allowed = (input_values or {}).get(position)
        values = f"<inputValues><text>{escape(allowed)}</text></inputValues>" if allowed else ""
        parts.append(
            f"<input><inputExpression{_type(ref)}><text>{escape(text)}</text></inputExpression>{values}</input>"
        )
    for position, name in enumerate(outputs):
        allowed = (output_values or {}).get(position)
        default = (defaults or {}).get(position)
        ref = (output_types or {}).get(position)
        parts.append(
            f"<output{f' name={quoteattr(name)}' if name else ''}{_type(ref)}>"
            + (f"<outputValues><text>{escape(allowed)}</text></outputValues>" if allowed else "")
            + (f"<defaultOutputEntry><text>{escape(default)}</text></defaultOutputEntry>" if default else "")
            + "</output>"
        )
    for rule in rules:
        cells = [
            f"<{'inputEntry' if position < len(inputs) else 'outputEntry'}><text>{escape(cell)}</text>"
            f"</{'inputEntry' if position < len(inputs) else 'outputEntry'}>"
            for position, cell in enumerate(rule)
        ]
        parts.append(f"<rule>{''.join(cells)}</rule>")
    more = f' aggregation="{aggregation}"' if aggregation else ""
    return f'<decisionTable hitPolicy="{hit_policy}"{more}>{"".join(parts)}</decisionTable>'


def item(
    name: str, type_ref: str | None = None, *components: str, allowed: str | None = None,
    constraint: str | None = None, collection: bool = False, tag: str = "itemDefinition",
) -> str:  # fmt: skip
    return (
        f'<{tag} name="{name}" isCollection="{str(collection).lower()}">'
        + (f"<typeRef>{type_ref}</typeRef>" if type_ref else "")
        + (f"<allowedValues><text>{escape(allowed)}</text></allowedValues>" if allowed else "")
        + (f"<typeConstraint><text>{escape(constraint)}</text></typeConstraint>" if constraint else "")
        + "".join(components)
        + f"</{tag}>"
    )


def component(name: str, type_ref: str | None = None, *components: str, **more: str) -> str:
    return item(name, type_ref, *components, tag="itemComponent", **more)  # type: ignore[arg-type]
