"""From documents to a net of nodes: every reference found, no decision that requires itself.

A node is one element of one model: what it requires, under which names, and (once ``model`` has compiled it)
what runs. Not for evaluating.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lineshaft.base.errors import Problem
from lineshaft.dmn.code import Code
from lineshaft.dmn.document import Decision, Document, Element, Knowledge, Reference, Service
from lineshaft.dmn.errors import problem
from lineshaft.dmn.evaluation import Key
from lineshaft.dmn.item_types import ANYTHING, ItemType, TypeTable

_ROUTES_MAX: Final = 200
_DEPTH_MAX: Final = 8


@dataclass(slots=True, eq=False)
class Required:
    """Something that a node requires, and how its expressions name it."""

    prefix: tuple[str, ...]
    name: str
    node: Node


@dataclass(slots=True, eq=False)
class Node:
    """One element.

    Attributes:
        key: Its namespace and id.
        name: The name of its variable.
        path: How the loaded model names it: the names of imports, then its own.
        routes: All the ways of imports by which the loaded model reaches it.
        requires: What its logic may name.
        type: The type of its variable.
        code: Its compiled logic; ``None`` until it is asked for.
        free: Names that its logic takes although nothing declares them.
        needs: The decisions among what a decision requires.
    """

    key: Key
    element: Element
    document: Document
    types: TypeTable
    path: tuple[str, ...]
    name: str
    type: ItemType = ANYTHING
    requires: list[Required] = field(default_factory=list)
    outputs: list[Required] = field(default_factory=list)
    parameters: list[Required] = field(default_factory=list)
    code: Code | None = None
    free: tuple[str, ...] = ()
    needs: tuple[Node, ...] = ()
    routes: tuple[tuple[str, ...], ...] = ((),)

    @property
    def label(self) -> str:
        """Its name as the loaded model has it."""
        return ".".join(self.path)


class Net:
    """All nodes of a model and of what it imports.

    Attributes:
        structural: Problems that refuse the model.
        problems: Problems of types and expressions: null with an error where they are evaluated.
        order: The nodes, what a decision requires before it.
    """

    def __init__(self, root: Document, documents: Mapping[str, Document]) -> None:
        self.root = root
        self.documents = documents
        self.structural: list[Problem] = []
        self.problems: list[Problem] = []
        self.nodes: dict[Key, Node] = {}
        self._types: dict[str, TypeTable] = {}
        self._paths: dict[str, tuple[str, ...]] = {root.namespace: ()}
        self._walk(root, ())
        for document in self._all():
            for element in document.elements:
                self._add(document, element)
        for node in self.nodes.values():
            self._link(node)
        self.order: list[Node] = []
        self._refuse_circles()

    def _all(self) -> list[Document]:
        found = [self.root]
        for document in self.documents.values():
            if document is not self.root and document.namespace in self._paths:
                found.append(document)
        return found

    def _walk(self, document: Document, path: tuple[str, ...]) -> TypeTable:
        tables: list[tuple[str, TypeTable]] = []
        table = TypeTable(document, tables, self.problems)
        self._types[document.namespace] = table
        for item in document.imports:
            other = self.documents.get(item.namespace)
            if other is None:
                self.structural.append(
                    problem(
                        "import_missing", "The imported model `{namespace}` is not there.",
                        "找不到导入的模型 `{namespace}`。", item.place, namespace=item.namespace,
                    )
                )  # fmt: skip
                continue
            known = self._types.get(other.namespace)
            if known is None:
                below = (*path, item.name) if item.name else path
                self._paths[other.namespace] = below
                known = self._walk(other, below)
            tables.append((item.name, known))
        table.resolve_all()
        return table

    def _add(self, document: Document, element: Element) -> None:
        types = self._types[document.namespace]
        key = (document.namespace, element.id)
        node = Node(
            key, element, document, types, (*self._paths[document.namespace], element.name),
            element.variable.name or element.name,
        )  # fmt: skip
        found = types.find(element.variable.type_ref)
        if found is None:
            self.problems.append(
                problem(
                    "type_unknown", "There is no type `{name}`.", "没有名为 `{name}` 的类型。",
                    element.place, name=element.variable.type_ref,
                )
            )  # fmt: skip
        node.type = found or ANYTHING
        if document is not self.root:
            node.routes = tuple(self._routes(self.root, document.namespace))
        self.nodes[key] = node

    def _link(self, node: Node) -> None:
        element = node.element
        if isinstance(element, Decision):
            node.requires = self._found(node, (*element.requires, *element.knowledge))
            node.needs = tuple(_decisions(node))
        elif isinstance(element, Knowledge):
            node.requires = self._found(node, element.knowledge)
        elif isinstance(element, Service):
            node.outputs = self._found(node, element.outputs)
            self._found(node, element.encapsulated)
            node.parameters = self._found(node, (*element.input_data, *element.input_decisions))
            if not node.outputs:
                self.problems.append(
                    problem(
                        "no_output", "Expected a decision service with an output decision, but it has none.",
                        "决策服务缺少输出决策。", element.place,
                    )
                )  # fmt: skip

    def _found(self, node: Node, references: tuple[Reference, ...]) -> list[Required]:
        found: list[Required] = []
        for reference in references:
            namespace = reference.namespace or node.document.namespace
            target = self.nodes.get((namespace, reference.id))
            routes = [()] if reference.namespace is None else self._routes(node.document, namespace)
            if target is None or not routes:
                self.structural.append(
                    problem(
                        "reference_unknown", "There is no element `{id}`.", "没有标识为 `{id}` 的元素。",
                        reference.place,
                        id=f"{reference.namespace}#{reference.id}" if reference.namespace else reference.id,
                    )
                )  # fmt: skip
                continue
            found.append(Required(routes[0], target.name, target))
        return found

    def _routes(self, document: Document, namespace: str) -> list[tuple[str, ...]]:
        """Return how a document names another: the imports on the way, the shortest way first."""
        found: list[tuple[str, ...]] = []
        waiting: list[tuple[Document, tuple[str, ...]]] = [(document, ())]
        for _ in range(_ROUTES_MAX):
            if not waiting:
                break
            here, route = waiting.pop(0)
            for item in here.imports:
                below = (*route, item.name) if item.name else route
                if item.namespace == namespace:
                    found.append(below)
                elif item.namespace in self.documents and len(below) < _DEPTH_MAX:
                    waiting.append((self.documents[item.namespace], below))
        return found

    def _refuse_circles(self) -> None:
        state: dict[Key, int] = {}
        for start in self.nodes.values():
            stack = [(start, iter(_decisions(start)))]
            if state.setdefault(start.key, 0):
                continue
            state[start.key] = 1
            while stack:
                node, rest = stack[-1]
                below = next(rest, None)
                if below is None:
                    state[node.key] = 2
                    self.order.append(node)
                    stack.pop()
                elif state.get(below.key, 0) == 1:
                    circle = [item.label for item, _ in stack]
                    circle = [*circle[circle.index(below.label) :], below.label]
                    self.structural.append(
                        problem(
                            "circle", "Decisions must not require each other in a circle: {circle}.",
                            "决策之间不得循环依赖：{circle}。", node.element.place, circle=" → ".join(circle),
                        )
                    )  # fmt: skip
                elif state.get(below.key, 0) == 0:
                    state[below.key] = 1
                    stack.append((below, iter(_decisions(below))))

    def find(self, name: str, *kinds: type) -> Node | None:
        """Return an element of the loaded model by name or id; an imported one by ``import.name``."""
        fitting = [node for node in self.nodes.values() if isinstance(node.element, kinds)]
        own = [node for node in fitting if node.document is self.root]
        for nodes in (own, fitting):
            for node in nodes:
                if name in (node.label, node.name) and (nodes is own or name == node.label):
                    return node
            for node in nodes:
                if name == node.element.id:
                    return node
        return None

    def named(self, *kinds: type) -> list[Node]:
        """Return the loaded model's own elements of these kinds."""
        return [
            node
            for node in self.nodes.values()
            if node.document is self.root and isinstance(node.element, kinds)
        ]

    def is_declared(self, name: str) -> bool:
        """Tell whether an element or an import of the loaded model has this name."""
        return any(item.name == name for item in self.root.imports) or any(
            node.name == name for node in self.nodes.values() if node.document is self.root
        )


def _decisions(node: Node) -> list[Node]:
    if not isinstance(node.element, Decision):
        return []
    return [item.node for item in node.requires if isinstance(item.node.element, Decision)]
