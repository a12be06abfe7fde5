"""Floor 3: the process machine: BPMN 2.0 in, decisions out.

Pure: bytes and commands in, events and effects out. ``load(path)`` is the one function that reads a file.

``read`` takes any BPMN file and tells what is wrong with it; ``loads`` and ``load`` give programs or raise
``InvalidModel``; ``lineshaft.bpmn.kernel`` runs them; ``lineshaft.bpmn.testing`` runs them in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lineshaft.base.errors import DefinitionError, ExpressionError, Place, Problem, UserError
from lineshaft.bpmn.document import Document
from lineshaft.bpmn.program import Definitions, Program

__all__ = [
    "BusinessError",
    "Definitions",
    "Document",
    "InvalidModel",
    "Program",
    "load",
    "loads",
    "read",
]


class InvalidModel(DefinitionError):
    """The BPMN file cannot run; ``problems`` says why."""

    default_code = "bpmn_invalid"


class BusinessError(UserError):
    """Raised by a handler of a job: the BPMN error ``code`` is thrown at the task.

    Args:
        code: The error code that an error event catches.
        message: For people.
        variables: Set where the error is caught.
    """

    default_code = "business_error"

    def __init__(self, code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(message or code, code=code)
        self.text = message
        self.variables = dict(variables or {})


def read(
    data: bytes | str, file: str | None = None, *, calendars: Mapping[str, str] | None = None
) -> Document:
    """Read and check a BPMN file; nothing is raised, ``problems`` says what is wrong.

    ``calendars`` are working calendars by name: a ``workingCalendar`` may be one of these names.
    """
    from lineshaft.bpmn import check, reader

    document = reader.read(data, file)
    for process in document.processes.values():
        for extensions in (process.extensions, *(each.extensions for each in process.elements.values())):
            name = extensions.properties.get("workingCalendar", "").strip()
            if calendars is not None and name in calendars:
                extensions.properties["workingCalendar"] = calendars[name]
    check.check(document)
    return document


def loads(
    data: bytes | str, file: str | None = None, *, calendars: Mapping[str, str] | None = None
) -> Definitions:
    """Read, check and compile a BPMN file; ``calendars`` as in ``read``.

    Raises:
        InvalidModel: It has errors.
    """
    from lineshaft.bpmn.compile import compile_definitions

    document = read(data, file, calendars=calendars)
    if document.errors:
        raise InvalidModel(document.errors)
    try:
        return compile_definitions(document)
    except ExpressionError as error:
        # Every expression was looked at by the rules; one that they do not know of is still no bug.
        raise InvalidModel([Problem("expression-invalid", error.message, Place(file=file))]) from error


def load(path: str | Path) -> Definitions:
    """Read, check and compile a BPMN file from disk.

    Raises:
        InvalidModel: It has errors.
        OSError: It cannot be read.
    """
    return loads(Path(path).read_bytes(), str(path))
