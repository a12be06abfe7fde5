"""Reading models: from text, from bytes, from a file with its imports beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from lineshaft.base.errors import Problem
from lineshaft.dmn.document import Document, Import
from lineshaft.dmn.errors import InvalidModel
from lineshaft.dmn.linking import Net
from lineshaft.dmn.model import Model
from lineshaft.dmn.reader import read

_Finder = Callable[[Import], Document | None]


def load(path: Path | str, *, strict: bool = False) -> Model:
    """Read a model from disk; what it imports is looked for beside it, by location or by namespace.

    Args:
        path: A DMN file, or an Excel file with decision tables (``.xlsx``).
        strict: Also refuse a model with types or expressions that cannot be read; else each of these is in
            ``Model.problems``, and null with an error where it is evaluated.

    Raises:
        InvalidModel: The model cannot be used; lists all problems.
        OSError: The file cannot be read.
    """
    file = Path(path)
    if file.suffix.lower() == ".xlsx":
        from lineshaft.dmn.workbook import document_of_workbook

        return _linked(document_of_workbook(file.read_bytes(), file.name), lambda item: None, strict)
    known: dict[str, Document] = {}

    def find(item: Import) -> Document | None:
        named = PurePosixPath((item.location or "").replace("\\", "/")).name
        if named and (file.parent / named).is_file():
            document = read((file.parent / named).read_bytes(), named)
            if document.namespace == item.namespace:
                return document
        if not known:
            for other in sorted(file.parent.glob("*.dmn")):
                try:
                    document = read(other.read_bytes(), other.name)
                except InvalidModel:
                    continue
                known.setdefault(document.namespace, document)
        return known.get(item.namespace)

    return _linked(read(file.read_bytes(), file.name), find, strict)


def namespace_of(content: str | bytes) -> str:
    """Return the namespace by which other models import this one.

    Raises:
        InvalidModel: It is no DMN.
    """
    return read(content).namespace


def document_of(content: str | bytes) -> Document:
    """Read what a file says, without linking it to what it imports: an unfinished table is read too.

    Raises:
        InvalidModel: It is no DMN.
    """
    return read(content)


def loads(
    content: str | bytes,
    imports: Mapping[str, str | bytes] | None = None,
    *,
    file: str = "",
    strict: bool = False,
) -> Model:
    """Read a model from text or bytes.

    Args:
        content: DMN 1.1 to 1.5 in XML.
        imports: The imported models by namespace.
        file: A name for messages.
        strict: As for ``load``.

    Raises:
        InvalidModel: The model cannot be used; lists all problems.
    """
    texts = imports or {}

    def find(item: Import) -> Document | None:
        found = texts.get(item.namespace)
        return None if found is None else read(found, item.location or item.namespace)

    return _linked(read(content, file), find, strict)


def _linked(root: Document, find: _Finder, strict: bool) -> Model:
    documents = {root.namespace: root}
    waiting = list(root.imports)
    while waiting:
        item = waiting.pop()
        if item.namespace in documents:
            continue
        document = find(item)
        if document is not None and document.namespace == item.namespace:
            documents[item.namespace] = document
            waiting += document.imports
    net = Net(root, documents)
    found = [problem for document in documents.values() for problem in document.problems]
    refused = [problem for problem in (*found, *net.structural) if problem.severity == "error"]
    doubts: list[Problem] = [problem for problem in found if problem.severity != "error"]
    if refused:
        raise InvalidModel([*refused, *net.problems])
    model = Model(net, doubts)
    if strict and any(problem.severity == "error" for problem in model.problems):
        raise InvalidModel(model.problems)
    return model
