"""Which versions of a product a manifest was made for."""

from __future__ import annotations

from lineshaft.base.errors import ExpressionError, Unavailable
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.calling import Asked, Caller
from lineshaft.connectors.http.model import ProductRule
from lineshaft.connectors.http.texts import as_text
from lineshaft.sdk.outcomes import ProductFact


def supports(rule: ProductRule, version: str) -> bool:
    """Whether a version is one of those named; ``15`` means 15 and every 15.x."""
    plain = version.strip().lstrip("vV")
    return any(plain == each or plain.startswith((f"{each}.", f"{each}-")) for each in rule.versions)


async def version_of(rule: ProductRule, caller: Caller) -> str:
    """Return the version that the target says it is.

    Raises:
        ConnectorError: It could not be asked.
        ExpressionError: Its answer is not as declared.
    """
    assert rule.request is not None
    assert rule.version is not None
    names, _ = await caller.judged(rule.request, rule.answers, {}, Asked("version", True))
    return as_text(rule.version.value(names))


async def product_of(rule: ProductRule, caller: Caller) -> ProductFact:
    """Return what the target is, and whether the manifest was made for it.

    Raises:
        ConnectorError: It could not be asked, or its answer is not as declared.
    """
    try:
        version = await version_of(rule, caller)
    except ExpressionError as error:
        raise Unavailable(error.message, code="version_unknown", hint=error.hint) from error
    return ProductFact(rule.name, version, tuple(rule.versions), supports(rule, version))


async def unsupported(rule: ProductRule, caller: Caller) -> Unavailable | None:
    """Return why the target may not be written to, or ``None``.

    Raises:
        ConnectorError: It could not be asked.
    """
    try:
        version = await version_of(rule, caller)
    except ExpressionError as error:
        return Unavailable(error.message, code="version_unknown", hint=error.hint)
    if supports(rule, version):
        return None
    return refused(rule, caller.system, version)


def refused(rule: ProductRule, system: str, version: str) -> Unavailable:
    """Return why a system of this version may not be written to."""
    return Unavailable(unsupported_text(rule, system, version), code="version_unsupported")


def unsupported_text(rule: ProductRule, system: str, version: str) -> Text:
    """Return the sentence for a version that is not supported."""
    return text(
        "{system} is {product} {version}, but this manifest was made for {versions}",
        "{system} 为 {product} {version},此清单仅支持 {versions}",
        system=system,
        product=rule.name,
        version=version or "?",
        versions=", ".join(rule.versions),
    )
