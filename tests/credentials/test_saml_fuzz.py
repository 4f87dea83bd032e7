"""Mutations of a valid response: what is still accepted means exactly what was signed; nothing fails in another way."""

from __future__ import annotations

import base64
import copy

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from saml_documents import NOW, assertion, encoded, response, signed_response, signer, trust
from vestry.credentials.saml import verify_response
from vestry.errors import AuthenticationFault

VALID = signed_response()
RAW = base64.b64decode(VALID)
BOTH = base64.b64decode(encoded(signer().sign(response(signer().sign(assertion())))))
MEANT = verify_response(VALID, trust(), NOW)


def unchanged_or_refused(raw: bytes) -> None:
    try:
        found = verify_response(base64.b64encode(raw).decode(), trust(), NOW)
    except AuthenticationFault:
        return
    assert found == MEANT


@given(st.integers(0, len(RAW) - 1), st.binary(min_size=1, max_size=3), st.integers(0, 8))
@settings(max_examples=150, deadline=None)
@example(RAW.index(b"alice@"), b"admin", 5)
def test_bytes_changed(at: int, new: bytes, dropped: int) -> None:
    unchanged_or_refused(RAW[:at] + new + RAW[at + dropped :])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_pieces_moved(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from((RAW, BOTH)))
    start, end, to = sorted(data.draw(st.lists(st.integers(0, len(raw)), min_size=3, max_size=3)))
    unchanged_or_refused(raw[:start] + raw[end:to] + raw[start:end] + raw[to:])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_elements_copied_moved_removed_and_renamed(data: st.DataObject) -> None:
    """Elements of the document are rearranged, which keeps it well formed: wrapping, in every way that there is."""
    root = etree.fromstring(data.draw(st.sampled_from((RAW, BOTH))))
    for _ in range(data.draw(st.integers(1, 3))):
        elements = list(root.iter("*"))  # comments cannot be renamed
        one = elements[data.draw(st.integers(0, len(elements) - 1))]
        other = elements[data.draw(st.integers(0, len(elements) - 1))]
        parent = one.getparent()
        what = data.draw(st.sampled_from(("copy", "move", "remove", "text", "attribute", "tag", "comment")))
        if what == "copy":
            other.insert(data.draw(st.integers(0, 3)), copy.deepcopy(one))
        elif what == "move" and parent is not None and one not in other.iterancestors() and one is not other:
            other.append(one)
        elif what == "remove" and parent is not None:
            parent.remove(one)
        elif what == "text":
            one.text = data.draw(st.sampled_from(("", "x", "alice@example.com", "#_assertion1", "AAAA")))
        elif what == "attribute" and one.attrib:
            name = data.draw(st.sampled_from(sorted(one.attrib)))
            one.set(name, data.draw(st.sampled_from(("", "x", "_assertion1", "_response1", "2.0"))))
        elif what == "tag":
            one.tag = other.tag
        elif what == "comment":
            one.append(etree.Comment("x"))
    unchanged_or_refused(etree.tostring(root))


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()))
@settings(max_examples=100, deadline=None)
def test_anything_at_all(text: str) -> None:
    try:
        verify_response(text, trust(), NOW)
    except AuthenticationFault:
        return
    raise AssertionError("accepted")
