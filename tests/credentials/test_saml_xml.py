"""XML from strangers: what is refused before anything in it is read."""

from __future__ import annotations

import pytest

from vestry import limits
from vestry.credentials.saml_xml import XmlRefused, instant, read_xml, text_of

LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    "<l>&c;</l>"
)

REFUSED = [
    ("1: larger than the bound", b"<a>" + b"x" * 2000 + b"</a>"),
    ("1: not UTF-8", "<a>ä</a>".encode("latin-1")),
    ("1: UTF-16, whatever it declares", '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16")),
    ("2: an external entity", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
    ("2: an external document type", b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>'),
    ("2: a parameter entity", b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><a/>'),
    ("2: entities that multiply", LAUGHS.encode()),
    ("2: a document type that is empty", b"<!DOCTYPE a><a/>"),
    (
        "2: a document type hidden by a declared encoding",
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a><a/>',
    ),
    ("3: an entity that nobody declared", b"<a>&x;</a>"),
    ("3: not well formed", b"<a><b></a>"),
    ("3: two roots", b"<a/><a/>"),
    ("3: nothing", b""),
    ("3: a byte of zero", b"<a>\x00</a>"),
    ("4: nested too deep", b"<a>" * (limits.XML_DEPTH + 1) + b"</a>" * (limits.XML_DEPTH + 1)),
    ("5: a comment", b"<a>admin<!-- x -->istrator</a>"),
    ("5: a comment before the root", b"<!-- x --><a/>"),
    ("5: a comment behind the root", b"<a/><!-- x -->"),
    ("5: a processing instruction", b"<a>admin<?x?>istrator</a>"),
]


@pytest.mark.parametrize("raw", [raw for _, raw in REFUSED], ids=[says for says, _ in REFUSED])
def test_it_is_refused(raw: bytes) -> None:
    with pytest.raises(XmlRefused):
        read_xml(raw, largest=1000)


def test_4_too_many_elements_are_refused() -> None:
    raw = b"<a>" + b"<b/>" * limits.XML_ELEMENTS + b"</a>"
    with pytest.raises(XmlRefused, match="too many"):
        read_xml(raw, largest=len(raw))


def test_1_what_is_not_utf_8_is_said_to_be_that() -> None:
    with pytest.raises(XmlRefused, match="not UTF-8"):
        read_xml("<a>ä</a>".encode("latin-1"), largest=100)


def test_4_what_stands_side_by_side_is_not_nested() -> None:
    assert len(read_xml(b"<a>" + b"<b/>" * 1000 + b"</a>", largest=10_000)) == 1000


def test_at_the_bounds_it_is_read() -> None:
    raw = b"<a>" * limits.XML_DEPTH + b"</a>" * limits.XML_DEPTH
    assert read_xml(raw, largest=len(raw)).tag == "a"


def test_a_lenient_reader_reads_past_comments_in_one_piece() -> None:
    assert (
        text_of(read_xml(b"<!-- x --><a>admin<!-- x -->istrator<?x?></a>", largest=100, lenient=True))
        == "administrator"
    )


def test_text_is_read_in_one_piece_through_elements_and_sections() -> None:
    assert (
        text_of(read_xml(b"<a>one<b>two</b>three<![CDATA[<four>]]></a>", largest=100)) == "onetwothree<four>"
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("2027-01-15T08:00:00Z", 1800000000),
        ("2027-01-15T08:00:00", 1800000000),
        ("2027-01-15T08:00:00.9999999Z", 1800000000),
        ("2027-01-15T10:00:00+02:00", 1800000000),
    ],
)
def test_times_are_read(text: str | None, seconds: int | None) -> None:
    assert instant(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2027-01-15",
        "2027-13-15T08:00:00Z",
        "2027-01-15T08:00:00 Z",
        "２027-01-15T08:00:00Z",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(XmlRefused):
        instant(text)
