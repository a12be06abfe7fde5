"""Damaged models are refused with problems, or evaluate to something; nothing else is ever raised."""

from __future__ import annotations

import copy
import io
import random

import pytest
from lxml import etree

from lineshaft import dmn
from unit.dmn.dmn_xml import (
    component,
    context,
    decision,
    function,
    input_data,
    item,
    knowledge,
    literal,
    model,
    service,
    table,
)

WORDS = [
    "",
    "x",
    "Tier",
    "#i",
    "tPerson",
    "list",
    "1 +",
    '"a"',
    "-",
    "null",
    "COLLECT",
    "[1..",
    "D.x",
    "Nothing",
]
WHOLE = model(
    item("tPerson", None, component("full name", "string"), component("tier", "tTier")),
    item("tTier", "string", allowed='"A", "B"'),
    item("tPeople", "tPerson", collection=True, constraint="count(?) < 9"),
    input_data("p", "tPerson"),
    input_data("n", "number"),
    knowledge("K", {"a": "number", "b": None}, literal("if a > 1 then K(a - 1, b) else b")),
    decision("T", table(["n", ("p.tier", "tTier")], ["a", "b"],
                        [("> 1", '"A"', "1", "n"), ("-", "-", "2", "3")],
                        "PRIORITY", output_values={0: "2, 1"}, defaults={0: "0"}), inputs=["p", "n"]),
    decision("C", context(("x", literal("T.a")), ("f", function({"q": None}, literal("q + x"))),
                          (None, literal("f(n)"))), decisions=["T"], inputs=["n"], type_ref="number"),
    decision("L", f'<list>{literal("C")}{literal("K(3, 4)")}</list>', decisions=["C"], knowledge=["K"]),
    decision("F", '<for iteratorVariable="i">'
             f'<in>{literal("L")}</in><return>{literal("i * 2")}</return></for>', decisions=["L"]),
    decision("I", f'<invocation>{literal("S")}'
             f'<binding><parameter name="n"/>{literal("5")}</binding></invocation>', knowledge=["S"]),
    service("S", ["C"], encapsulated=["T"], inputs=["p", "n"]),
)  # fmt: skip


def damaged(chance: random.Random) -> bytes:
    root = etree.fromstring(WHOLE)
    for _ in range(chance.randint(1, 4)):
        node = chance.choice(list(root.iter()))
        parent = node.getparent()
        what = chance.randrange(5)
        if what == 0 and parent is not None:
            parent.remove(node)
        elif what == 1 and node.attrib:
            node.set(chance.choice(sorted(node.attrib)), chance.choice(WORDS))
        elif what == 2 and node.attrib:
            del node.attrib[chance.choice(sorted(node.attrib))]
        elif what == 3:
            node.text = chance.choice(WORDS)
        elif parent is not None:
            chance.choice(list(root.iter())).append(copy.deepcopy(node))
    return etree.tostring(root)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_model_is_refused_or_evaluated(seed: int) -> None:
    content = damaged(random.Random(seed))
    try:
        loaded = dmn.loads(content)
    except dmn.InvalidModel:
        return
    inputs = {"p": {"full name": "x", "tier": "A"}, "n": 3}
    for name in loaded.decisions:
        loaded.evaluate(name, inputs)
    for name in loaded.invocables:
        loaded.invoke(name, inputs)
    dmn.check(loaded)
    dmn.compare(loaded, dmn.loads(WHOLE))
    book = dmn.to_workbook(dmn.tables_of(loaded.document))
    assert io.BytesIO(book).read(2) == b"PK"


def test_whole_model_is_sound() -> None:
    loaded = dmn.loads(WHOLE, strict=True)
    inputs = {"p": {"full name": "x", "tier": "A"}, "n": 3}
    assert loaded.evaluate("F", inputs).value == [10, 8]
