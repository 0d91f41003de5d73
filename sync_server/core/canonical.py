"""Write an XML document so that two writings of the same content come out alike.

Ignored, because no answer lives there: attribute order, white space between elements, prefixes and namespaces of
elements, unused xmlns, declaration, encoding, character references, CDATA, comments, processing instructions.
Kept: element order, attributes, every character of an answer, and the difference between `<x/>` and no x.

Names are local, because clients disagree about namespaces (JavaRosa writes deprecatedID in none beside orx:instanceID)
and nothing in this server reads by them. W3C's C14N is not used: it keeps prefixes and white space between elements.
"""

from collections.abc import Iterator

from lxml import etree

from sync_server.core.instance_xml import local_name, parse_xml

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
# XML's own white space: a no-break space is somebody's text.
_SPACE = " \t\r\n"


def canonical_document(xml: bytes) -> str:
    """Return the canonical form of a whole document; raise UnreadableXml when it is none."""
    return canonical_element(parse_xml(xml))


def canonical_element(element: etree._Element) -> str:
    """Return the canonical form of an element with all that is in it, without the text behind it."""
    name = local_name(element)
    return f"<{name}{canonical_attributes(element)}>{_content(element)}</{name}>"


def canonical_attributes(element: etree._Element) -> str:
    """Return the attributes sorted by name, each preceded by a space."""
    return "".join(f' {_escape(name)}="{_escape(value)}"' for name, value in sorted(_attributes(element)))


def is_answer(element: etree._Element) -> bool:
    """Tell whether an element holds text of its own rather than only other elements."""
    parts = list(_parts(element))
    has_children = any(not isinstance(part, str) for part in parts)
    return not has_children or any(isinstance(part, str) and part.strip(_SPACE) for part in parts)


def _content(element: etree._Element) -> str:
    parts = list(_parts(element))
    has_children = any(not isinstance(part, str) for part in parts)
    # White space is indentation beside elements, and an answer where there are none.
    kept = [part for part in parts if not (has_children and isinstance(part, str) and not part.strip(_SPACE))]
    return "".join(_escape(part) if isinstance(part, str) else canonical_element(part) for part in kept)


def _parts(element: etree._Element) -> Iterator[str | etree._Element]:
    """Yield runs of text and child elements in order; a comment within a text does not break the run."""
    run = element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            if run:
                yield run
            yield child
            run = ""
        run += child.tail or ""
    if run:
        yield run


def _attributes(element: etree._Element) -> Iterator[tuple[str, str]]:
    return ((str(name), str(value)) for name, value in element.attrib.items())


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)
