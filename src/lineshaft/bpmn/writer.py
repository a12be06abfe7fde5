"""Writing: a ``Document`` back into the bytes of a BPMN 2.0 file.

The document kept its XML tree, so nothing of it is lost: elements, attributes of every vendor, extension
elements, comments and the diagram. Only white space between the XML declaration and the root may differ.
"""

from __future__ import annotations

from lxml import etree

from lineshaft.base.errors import DefinitionError
from lineshaft.bpmn.document import Document


def write(document: Document) -> bytes:
    """Return the file as XML with a declaration, in UTF-8.

    Raises:
        DefinitionError: The file that was read was no BPMN, so there is nothing to write.
    """
    if document.tree is None:
        raise DefinitionError(document.problems)
    alone = document.tree.docinfo.standalone
    return bytes(etree.tostring(document.tree, xml_declaration=True, encoding="UTF-8", standalone=alone))
