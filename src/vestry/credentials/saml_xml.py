"""XML from strangers: read without document types, entities or network, within bounds; and the names that SAML uses.

Sources: SAML 2.0 core and metadata; XML Signature and XML Encryption (W3C); OWASP, "XML security".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from vestry import limits

Element = etree._Element

PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
ENCRYPTION: Final = "http://www.w3.org/2001/04/xmlenc#"

_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


class XmlRefused(ValueError):
    """The document is not well formed, or has something in it that we do not read. A fault of the document's."""


def saml(name: str) -> str:
    """Return the tag of an element of an assertion."""
    return f"{{{ASSERTION}}}{name}"


def ds(name: str) -> str:
    """Return the tag of an element of an XML signature."""
    return f"{{{SIGNATURE}}}{name}"


def xenc(name: str) -> str:
    """Return the tag of an element of XML encryption."""
    return f"{{{ENCRYPTION}}}{name}"


def read_xml(raw: bytes, *, largest: int, lenient: bool = False) -> Element:
    """Return the root element of a document, or raise XmlRefused.

    1. It is not larger than `largest` bytes, and it is UTF-8, whatever it declares itself to be.
    2. It has no document type, hence no entities of its own.
    3. It is well formed.
    4. It has at most XML_ELEMENTS elements, nested at most XML_DEPTH deep.
    5. It has no comments and no processing instructions: a signature does not cover them, and a reader of text could
       stop at them. `lenient` reads past them instead; that is for documents whose text no signature vouches for.
    """
    if len(raw) > largest:  # 1
        raise XmlRefused("the document is too large")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:  # 1
        raise XmlRefused("the document is not UTF-8") from None
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:  # 2
        raise XmlRefused("the document has a document type")
    try:
        root = etree.fromstring(raw, _parser(lenient))
    except (etree.XMLSyntaxError, ValueError):  # 3
        raise XmlRefused("the document is not well formed") from None
    information = root.getroottree().docinfo
    if information.internalDTD is not None or information.externalDTD is not None:  # 2
        raise XmlRefused("the document has a document type")
    if root.getprevious() is not None or root.getnext() is not None:  # 5
        raise XmlRefused("the document has comments or instructions around it")
    _check_shape(root)  # 4, 5
    return root


def _parser(lenient: bool) -> etree.XMLParser:
    """Return a parser of our own: they keep state, and are not shared between threads."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=lenient,
        remove_pis=lenient,
    )


def _check_shape(root: Element) -> None:
    depth = count = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            depth, count = depth + 1, count + 1
        elif event == "end":
            depth -= 1
        if not isinstance(node.tag, str):
            raise XmlRefused("the document has comments, instructions or entities")
        if depth > limits.XML_DEPTH or count > limits.XML_ELEMENTS:
            raise XmlRefused("the document has too many elements")


def text_of(element: Element) -> str:
    """Return all text below an element: what stands between its tags, and those of its children, in one piece."""
    return "".join(str(piece) for piece in element.itertext())


def children(element: Element, tag: str) -> list[Element]:
    """Return the children with that tag."""
    return [child for child in element if child.tag == tag]


def only_child(element: Element, tag: str) -> Element | None:
    """Return the one child with that tag, None where there is none. Raises XmlRefused for several."""
    found = children(element, tag)
    if len(found) > 1:
        raise XmlRefused(f"several {etree.QName(tag).localname} where one belongs")
    return found[0] if found else None


def identifiers(root: Element) -> Iterator[str]:
    """Yield the value of every attribute that may name an element: `ID`, `Id`, `id`, `xml:id`."""
    for element in root.iter():
        for name, value in element.attrib.items():
            if etree.QName(name).localname.lower() == "id":
                yield str(value)


def instant(text: str | None) -> int | None:
    """Return an `xs:dateTime` as epoch seconds, None where there is none. Raises XmlRefused.

    Without a time zone it is UTC (SAML core, 1.3.3); fractions of a second are cut off.
    """
    if text is None:
        return None
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise XmlRefused(f"{text[:64]!r} is not a time")
    try:
        moment = datetime.fromisoformat(found[1] + (found[2] or "Z"))
        return int(moment.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        raise XmlRefused(f"{text[:64]!r} is not a time") from None
