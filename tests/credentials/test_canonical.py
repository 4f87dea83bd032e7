"""The canonical request, case by case, and `verify` by its numbers; botocore judges in test_sigv4_clients."""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest
from botocore_signer import FORM, KEY_ID, SECRET, STAMP, Message, assume_role, judge

from vestry.credentials.canonical import canonical_path, canonical_query, verify
from vestry.credentials.encoding import canonical_pairs, gathered
from vestry.credentials.sigv4 import read_signature, signing_key
from vestry.errors import SignatureDoesNotMatch

#: SHA-256 of nothing, as AWS's documents print it.
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

PATHS = {
    "the root": ("/", "/"),
    "no path": ("", "/"),
    "a name": ("/a", "/a"),
    "a folder keeps its slash": ("/a/", "/a/"),
    "dots go up": ("/a/b/../c", "/a/c"),
    "dots above the root": ("/../../a", "/a"),
    "dots that leave nothing": ("/a/..", "/"),
    "a dot is here": ("/./a/./b", "/a/b"),
    "doubled slashes are one": ("//a///b//", "/a/b/"),
    "an escape is encoded once more": ("/a%20b", "/a%2520b"),
    "escaped dots are no dots": ("/%2e%2e/a", "/%252e%252e/a"),
    "unreserved characters stay": ("/-_.~", "/-_.~"),
    "others are encoded": ("/a b+c=d:e@f", "/a%20b%2Bc%3Dd%3Ae%40f"),
    "bytes beyond ASCII": ("/\xc3\xa9", "/%C3%A9"),
}


@pytest.mark.parametrize(("raw", "canonical"), PATHS.values(), ids=PATHS)
def test_canonical_path(raw, canonical):
    assert canonical_path(raw) == canonical.encode()


QUERIES = {
    "nothing": ("", ""),
    "sorted by name": ("b=2&a=1", "a=1&b=2"),
    "then by value": ("a=2&a=10&a=1", "a=1&a=10&a=2"),
    "repeated parameters all stay": ("a=1&a=1", "a=1&a=1"),
    "by the name alone, not by what follows it": ("a-=1&a=2&a.=3", "a=2&a-=1&a.=3"),
    "capitals first": ("a=1&B=2", "B=2&a=1"),
    "an empty value": ("a=&b", "a=&b="),
    "an empty name": ("=1", "=1"),
    "empty parameters are none": ("&&a=1&", "a=1"),
    "a plus is a space": ("a+b=c+d", "a%20b=c%20d"),
    "an escaped plus is a plus": ("a=%2B", "a=%2B"),
    "escapes in capitals": ("a=%2f%c3%a9", "a=%2F%C3%A9"),
    "needless escapes go": ("%61=%41%2d%7E", "a=A-~"),
    "a second equal sign is a character": ("a=b=c", "a=b%3Dc"),
    "a percent sign alone is a character": ("a=100%", "a=100%25"),
    "and so is a wrong escape": ("a=%zz", "a=%25zz"),
    "other characters are encoded": ("a=b:c/d*e", "a=b%3Ac%2Fd%2Ae"),
    "sorted by the encoded name": ("%C3%A9=1&z=2", "%C3%A9=1&z=2"),
}


@pytest.mark.parametrize(("raw", "canonical"), QUERIES.values(), ids=QUERIES)
def test_canonical_query(raw, canonical):
    assert canonical_query(raw.encode(), presigned=False) == canonical.encode()


def test_the_signature_is_left_out_of_a_presigned_query_only():
    query = b"X-Amz-Signature=00&X-Amz-Date=1&x-amz-signature=2"
    assert canonical_query(query, presigned=True) == b"X-Amz-Date=1&x-amz-signature=2"
    assert canonical_query(query, presigned=False) == b"X-Amz-Date=1&X-Amz-Signature=00&x-amz-signature=2"


def test_the_short_way_through_a_query_is_the_long_way():
    for octet in range(256):
        escape = f"a=%{octet:02X}".encode()
        assert canonical_pairs(escape) == canonical_pairs(escape + b"&b=+")[:1]


def test_repeated_headers_are_joined_in_order_and_each_is_folded():
    headers = [(b"a", b" 1  2 "), (b"b", b"x"), (b"a", b"3"), (b"a", b"")]
    assert gathered(headers) == {b"a": b"1 2,3,", b"b": b"x"}


# ── Vectors: the canonical request written out by hand, signed here with nothing but HMAC ────────────────────────
VECTORS = {
    "a POST of a form": (
        Message("POST", "/", b"", ((b"host", b"sts.example"), (b"content-type", FORM.encode())), b"Action=A"),
        "content-type;host;x-amz-date",
        f"POST\n/\n\ncontent-type:{FORM}\nhost:sts.example\nx-amz-date:{STAMP}\n\ncontent-type;host;x-amz-date\n"
        + sha256(b"Action=A").hexdigest(),
    ),
    "a GET with a query": (
        Message("GET", "/", b"Version=2&Action=A+b&Name=", ((b"host", b"sts.example"),), b""),
        "host;x-amz-date",
        f"GET\n/\nAction=A%20b&Name=&Version=2\nhost:sts.example\nx-amz-date:{STAMP}\n\nhost;x-amz-date\n"
        f"{EMPTY}",
    ),
    "folded white space and repeated headers": (
        Message(
            "POST",
            "/a/../b c",
            b"",
            ((b"host", b"  h "), (b"x-two", b"b  \t b"), (b"x-amz-meta", b""), (b"x-two", b" a")),
            b"\x00\xff",
        ),
        "host;x-amz-date;x-amz-meta;x-two",
        f"POST\n/b%20c\n\nhost:h\nx-amz-date:{STAMP}\nx-amz-meta:\nx-two:b b,a\n\nhost;x-amz-date;x-amz-meta;x-two\n"
        + sha256(b"\x00\xff").hexdigest(),
    ),
    "header bytes that are not UTF-8": (
        Message("POST", "/", b"", ((b"host", b"h"), (b"x-name", b"\xff\xfe")), b""),
        "host;x-amz-date;x-name",
        f"POST\n/\n\nhost:h\nx-amz-date:{STAMP}\nx-name:\xff\xfe\n\nhost;x-amz-date;x-name\n{EMPTY}",
    ),
}


def signed_by_hand(message: Message, names: str, canonical: str) -> Message:
    scope = "20261124/us-east-1/sts/aws4_request"
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), sha256).digest()
    hashed = sha256(canonical.encode("latin-1")).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{STAMP}\n{scope}\n{hashed}"
    signature = hmac.new(key, text.encode(), sha256).hexdigest()
    value = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={names}, Signature={signature}"
    dated = message.with_header(b"x-amz-date", STAMP.encode())
    return replace(dated, headers=(*dated.headers, (b"authorization", value.encode())))


@pytest.mark.parametrize(("message", "names", "canonical"), VECTORS.values(), ids=VECTORS)
def test_vectors(message, names, canonical):
    judge(signed_by_hand(message, names, canonical))


# ── verify, by its numbers ───────────────────────────────────────────────────────────────────────────────────────
def refused(message: Message) -> str:
    with pytest.raises(SignatureDoesNotMatch) as caught:
        judge(message)
    assert caught.value.message == SignatureDoesNotMatch.default
    return caught.value.hint


@pytest.mark.parametrize("names", ["x-amz-date;host", "host;host;x-amz-date", "host;x-amz-date;"])
def test_1_signed_headers_are_ascending_and_none_comes_twice(names):
    message = Message("GET", "/", b"", ((b"host", b"h"), (b"", b"")), b"")
    values = {"host": "h", "x-amz-date": STAMP, "": ""}
    lines = "".join(f"{name}:{values[name]}\n" for name in names.split(";"))
    canonical = f"GET\n/\n\n{lines}\n{names}\n{EMPTY}"
    assert "sorted" in refused(signed_by_hand(message, names, canonical))


def test_2_a_signed_header_that_did_not_arrive_is_refused():
    message = Message("GET", "/", b"", ((b"host", b"h"),), b"")
    canonical = f"GET\n/\n\nhost:h\nx-amz-date:{STAMP}\nx-gone:\n\nhost;x-amz-date;x-gone\n{EMPTY}"
    assert "x-gone" in refused(signed_by_hand(message, "host;x-amz-date;x-gone", canonical))


@pytest.mark.parametrize(
    "claim",
    [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "",
        "0" * 64,
    ],
)
def test_3_the_payload_is_hashed_whatever_its_header_says(claim):
    names = "host;x-amz-content-sha256;x-amz-date"
    message = Message(
        "POST", "/", b"", ((b"host", b"h"), (b"x-amz-content-sha256", claim.encode())), b"Action=A"
    )
    for payload in (claim, sha256(b"Action=A").hexdigest()):
        canonical = (
            f"POST\n/\n\nhost:h\nx-amz-content-sha256:{claim}\nx-amz-date:{STAMP}\n\n{names}\n{payload}"
        )
        assert "SHA-256 of the body" in refused(signed_by_hand(message, names, canonical))


def test_3_the_right_hash_of_the_body_is_accepted():
    claim = sha256(b"Action=A").hexdigest()
    names = "host;x-amz-content-sha256;x-amz-date"
    message = Message(
        "POST", "/", b"", ((b"host", b"h"), (b"x-amz-content-sha256", claim.encode())), b"Action=A"
    )
    canonical = f"POST\n/\n\nhost:h\nx-amz-content-sha256:{claim}\nx-amz-date:{STAMP}\n\n{names}\n{claim}"
    judge(signed_by_hand(message, names, canonical))


def test_4_another_key_is_refused():
    message = assume_role()
    signed = read_signature(message.query, message.headers)
    assert signed is not None
    key = signing_key(SECRET[:-1] + "Z", signed.date, signed.region, signed.service)
    with pytest.raises(SignatureDoesNotMatch):
        verify(signed, key, message.method, message.path, message.query, message.headers, message.body)


@pytest.mark.parametrize(
    "change",
    [str.upper, lambda s: s[:-1], lambda s: s + "0", lambda s: s[::-1], lambda s: "é\ud800", str.swapcase],
)
def test_4_only_the_exact_signature_is_accepted(change):
    message = assume_role()
    signed = read_signature(message.query, message.headers)
    assert signed is not None
    key = signing_key(SECRET, signed.date, signed.region, signed.service)
    verify(signed, key, message.method, message.path, message.query, message.headers, message.body)
    wrong = msgspec.structs.replace(signed, signature=change(signed.signature))
    with pytest.raises(SignatureDoesNotMatch):
        verify(wrong, key, message.method, message.path, message.query, message.headers, message.body)
