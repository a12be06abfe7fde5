"""The pages of shipped product manifests: what is known of a product, and what its manifest says."""

from __future__ import annotations

from importlib.resources import files

from lineshaft.connectors.http import read_manifest
from lineshaft.connectors.products import product_manifest, product_names
from lineshaft.sdk.spec import FieldSpec

PLACE = "<!-- tables -->"
OWN = ("ca_file", "client_cert_file", "client_key_file", "proxy_url")


def paths() -> dict[str, str]:
    """Return where each product's page stands below ``docs/``, by the product's name."""
    return {name: f"reference/connectors/{name}.md" for name in product_names()}


def page(name: str) -> str:
    """Return one product's page."""
    notes = (files("lineshaft.connectors.products") / f"{name}.md").read_text(encoding="utf-8")
    return notes.replace(PLACE, "\n".join(_tables(name)))


def _tables(name: str) -> list[str]:
    manifest = read_manifest(product_manifest(name), f"{name}.yaml")
    lines = ["## Settings", "", "| setting | meaning | default |", "|---|---|---|"]
    for field in manifest.settings:
        if field.name not in OWN:
            default = manifest.defaults.get(field.name)
            shown = f"`{default}`" if default is not None else "needed" if field.required else ""
            lines.append(f"| `{field.name}` | {_label(field)} | {shown} |")
    lines += ["", "## Operations", "", "| operation | takes | gives | safety |", "|---|---|---|---|"]
    for operation in manifest.spec.operations:
        label = operation.label
        safety = "reads only" if operation.reads_only else f"`{operation.safety}`"
        lines.append(
            f"| `{operation.name}`: {label.in_language('en')} {label.in_language('zh')} "
            f"| {_fields(operation.input)} | {', '.join(f'`{each.name}`' for each in operation.output)} "
            f"| {safety} |"
        )
    lines += ["", "`?` may be left out."]
    if not manifest.spec.resources:
        return lines
    lines += ["", "## Resources and their events", ""]
    lines += ["| resource | can be | events |", "|---|---|---|"]
    polled = {trigger.resource: trigger for trigger in manifest.spec.triggers}
    for resource in manifest.spec.resources:
        rule, trigger = manifest.resources[resource.name], polled.get(resource.name)
        can = [word for word, there in (("read", rule.read), ("polled", rule.changes)) if there is not None]
        events = ", ".join(f"`{each}`" for each in trigger.event_types) if trigger is not None else ""
        label = resource.label
        lines.append(
            f"| `{resource.name}`: {label.in_language('en')} {label.in_language('zh')} "
            f"| {', '.join(can)} | {events} |"
        )
    return lines


def _label(field: FieldSpec) -> str:
    return f"{field.label.in_language('en')} {field.label.in_language('zh')}" if field.label else ""


def _fields(fields: tuple[FieldSpec, ...]) -> str:
    return ", ".join(
        f"`{each.name}`{'' if each.required else '?'}"
        + (f" ({each.label.in_language('en')})" if each.label is not None else "")
        for each in fields
    )
