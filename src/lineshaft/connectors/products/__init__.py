"""Shipped manifests of real products, to be copied into a pack and made one's own.

A copy, not a reference: what a pack says stands in the pack, and an update of the hub changes no running
connection. Each product's page is ``docs/reference/connectors/NAME.md``; its contract double and the suite
against it stand in ``tests/conformance/connectors``.
"""

from __future__ import annotations

import re
from importlib.resources import files

from lineshaft.base.errors import NotFound
from lineshaft.base.text import text


def product_names() -> tuple[str, ...]:
    """Return the names of the shipped manifests, sorted."""
    found = (each.name for each in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def product_manifest(name: str, system: str | None = None) -> bytes:
    """Return a shipped manifest.

    Args:
        name: The product.
        system: What the connected system is called: it then begins the event types and the references. As
            the manifest stands in its file they begin with the product's name.

    Raises:
        NotFound: There is none of that name.
    """
    if name not in product_names():
        raise NotFound(
            text(
                "There is no shipped manifest {name}; there are {names}",
                "没有预置清单 {name};现有:{names}",
                name=name,
                names=", ".join(product_names()),
            )
        )
    content = (files(__name__) / f"{name}.yaml").read_text(encoding="utf-8")
    if system is not None:
        content = re.sub(rf'(?<=["\[:, ]){name}(?=[.:])|(?<=^name: ){name}$', system, content, flags=re.M)
    return content.encode()
