"""botocore signs, we judge: all that its signers make is accepted, and nothing that was changed afterwards."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest
from botocore.awsrequest import AWSRequest
from botocore_signer import FORM, STAMP, WALL, Message, assume_role, caller_identity, judge, sign
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vestry.credentials.canonical import verify
from vestry.credentials.sigv4 import read_signature
from vestry.errors import Fault, SignatureDoesNotMatch

PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
NAMES = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz-0123456789"), min_size=1, max_size=12)
VALUES = st.text(PRINTABLE, max_size=30)
TEXTS = st.text(max_size=12)
#: Headers that botocore's signer sets or leaves out by itself.
OWN = {"host", "date", "authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}
UNSIGNED = {"expect", "user-agent", "connection", "te", "trailer", "upgrade", "baggage", "tracestate"}


@st.composite
def urls(draw: st.DrawFn) -> str:
    segments = draw(st.lists(st.one_of(TEXTS, st.sampled_from([".", "..", ""])), max_size=4))
    path = "/" + "/".join(quote(segment, safe="-_.~") for segment in segments)
    names = TEXTS.filter(lambda name: not name.startswith("X-Amz-"))  # those are the signer's own
    pairs = draw(st.lists(st.tuples(names, TEXTS), max_size=5))
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    return f"http://{draw(st.sampled_from(['127.0.0.1:4566', 'sts.amazonaws.com', '[::1]:8080']))}{path}" + (
        f"?{query}" if query else ""
    )


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Requests of any shape, signed by botocore in the header."""
    headers = {"Content-Type": FORM, "User-Agent": "Boto3/1"}
    for name, value in draw(st.dictionaries(NAMES, VALUES, max_size=4)).items():
        if name not in OWN | UNSIGNED and not name.startswith("proxy-"):
            headers[name] = value
    if draw(st.booleans()):
        headers["Date"] = "Tue, 24 Nov 2026 00:15:00 GMT"
    request = AWSRequest(
        draw(st.sampled_from(["GET", "POST", "PUT", "DELETE"])),
        draw(urls()),
        headers,
        draw(st.binary(max_size=60)),
    )
    return sign(
        request,
        region=draw(st.sampled_from(["us-east-1", "eu-west-1", "aws-global"])),
        token=draw(st.one_of(st.none(), st.text(st.sampled_from("ABab01+/="), min_size=1, max_size=40))),
    )


@settings(max_examples=300, deadline=None)
@given(messages())
def test_whatever_botocore_signs_is_accepted(message):
    judge(message)


@settings(max_examples=150, deadline=None)
@given(
    urls(),
    st.one_of(st.none(), st.text(st.sampled_from("ABab01+/="), min_size=1)),
    st.sampled_from(["GET", "POST"]),
)
def test_whatever_botocore_presigns_is_accepted(url, token, method):
    assume("?" not in url or all(part.partition("=")[0] for part in url.partition("?")[2].split("&")))
    judge(sign(AWSRequest(method, url, {}), presign=True, token=token))


def flipped(data: bytes, place: int) -> bytes:
    place %= len(data)
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def refused(message: Message) -> None:
    with pytest.raises(Fault):
        judge(message)


@settings(max_examples=150, deadline=None)
@given(messages(), st.data())
def test_a_signed_request_is_refused_after_any_change(message, data):
    signed = read_signature(message.query, message.headers)
    assert signed is not None
    refused(replace(message, method=message.method + "X"))
    refused(replace(message, path=message.path + "/x"))
    refused(replace(message, query=message.query + b"&x=1"))
    refused(replace(message, body=message.body + b"&"))
    if message.body:
        refused(replace(message, body=flipped(message.body, data.draw(st.integers(0, 59)))))
    for name in signed.signed_headers:
        value = message.header(name.encode())
        refused(message.with_header(name.encode(), value + b"x"))
        refused(message.with_header(name.encode(), None))
        refused(replace(message, headers=(*message.headers, (name.encode(), b"x"))))
    refused(replace(message, headers=(*message.headers, (b"x-amz-extra", b""))))
    authorization = message.header(b"authorization")
    place = data.draw(st.integers(authorization.index(b"Signature=") + 10, len(authorization) - 1))
    refused(message.with_header(b"authorization", flipped(authorization, place)))


@pytest.mark.parametrize(
    "part", [b"20261124", b"us-east-1", b"sts", b"aws4_request", b"host;", b"Credential=A"]
)
def test_every_part_of_the_authorization_header_is_covered(part):
    message = assume_role()
    value = message.header(b"authorization")
    # Another access key id changes the key, not the canonical request: its holder signs with another secret.
    if part == b"Credential=A":
        read = read_signature(
            b"", message.with_header(b"authorization", value.replace(part, b"Credential=B")).headers
        )
        assert read is not None
        assert read.access_key.startswith("B")
    else:
        refused(message.with_header(b"authorization", value.replace(part, part[:-1] + b"x", 1)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_a_presigned_request_is_refused_after_any_change_of_its_query(place):
    message = caller_identity(token="FwoGZXIvYXdzEXAMPLE")
    place %= len(message.query)
    changed = flipped(message.query, place)
    assume(b"&" not in (message.query[place : place + 1], changed[place : place + 1]))
    try:
        signed = read_signature(changed, message.headers)
        if signed is None:
            return
        if signed.access_key != read_signature(message.query, message.headers).access_key:
            return
    except Fault:
        return
    refused(replace(message, query=changed))


# ── The requests that verifiers are handed ───────────────────────────────────────────────────────────────────────
def test_a_presigned_get_with_a_signed_cluster_header_as_eks_sends_it():
    message = caller_identity({"x-k8s-aws-id": "cluster"})
    signed = judge(message, wall=WALL + 840)
    assert signed.signed_headers == ("host", "x-k8s-aws-id")
    refused(message.with_header(b"x-k8s-aws-id", b"other"))
    refused(message.with_header(b"x-k8s-aws-id", None))


def test_a_presigned_post_is_accepted_without_a_body():
    judge(caller_identity(method="POST"))
    refused(replace(caller_identity(method="POST"), body=b"Action=AssumeRole"))


def test_a_signed_post_replayed_as_vault_does():
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(
        "POST", "https://sts.amazonaws.com/", {"Content-Type": FORM, "X-Vault-AWS-IAM-Server-ID": "v"}, body
    )
    message = sign(request)
    judge(message, region="us-east-1")
    refused(message.with_header(b"x-vault-aws-iam-server-id", b"w"))
    refused(message.with_header(b"host", b"127.0.0.1:4566"))


def test_headers_that_are_not_signed_may_change_on_the_way():
    message = assume_role()
    judge(message.with_header(b"user-agent", b"other").with_header(b"x-forwarded-for", b"10.0.0.1"))


# ── Nothing but faults ───────────────────────────────────────────────────────────────────────────────────────────
PIECES = st.lists(
    st.sampled_from(
        [
            "AWS4-HMAC-SHA256", "AWS4-", " ", ",", "=", "Credential=", "a/20261124/us-east-1/sts/aws4_request",
            "SignedHeaders=", "host;x-amz-date", ";", "Signature=", "0" * 64, "/", "\xff", "\x00", "é", "%",
        ]
    ),
    max_size=14,
)  # fmt: skip
HEADER = st.tuples(
    st.sampled_from(
        [b"host", b"x-amz-date", b"date", b"x-amz-security-token", b"x-amz-content-sha256", b"x-amz-\xff"]
    ),
    st.one_of(st.binary(max_size=20), st.sampled_from([STAMP.encode(), b"", b"h", b"\xff\xfe"])),
)
QUERY = st.lists(
    st.one_of(
        st.binary(max_size=6),
        st.sampled_from(
            [
                b"X-Amz-Algorithm=AWS4-HMAC-SHA256", b"X-Amz-Credential=a%2F20261124%2Fus-east-1%2Fsts%2Faws4_request",
                b"X-Amz-Signature=%ff", b"X-Amz-SignedHeaders=host", b"X-Amz-SignedHeaders=host%3B%FF%0a",
                b"X-Amz-Date=20261124T001500Z", b"X-Amz-Date=%zz", b"X-Amz-Expires=60", b"X-Amz-Security-Token=%80",
            ]
        ),
    ),
    max_size=9,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(PIECES, st.lists(HEADER, max_size=5), QUERY, st.booleans(), st.text(max_size=8), st.binary(max_size=8))
def test_only_faults_leave_whatever_arrives(pieces, headers, query, with_header, path, body):
    if with_header:
        headers = [*headers, (b"authorization", "".join(pieces).encode("latin-1", "replace"))]
    try:
        signed = read_signature(b"&".join(query), headers)
        if signed is not None:
            verify(signed, bytes(32), "GET", path, b"&".join(query), headers, body)
            raise AssertionError("a signature nobody made was accepted")
    except Fault:
        pass


def test_a_signature_nobody_made_is_refused_as_such():
    message = assume_role()
    signed = read_signature(message.query, message.headers)
    assert signed is not None
    with pytest.raises(SignatureDoesNotMatch):
        verify(signed, bytes(32), message.method, message.path, message.query, message.headers, message.body)
