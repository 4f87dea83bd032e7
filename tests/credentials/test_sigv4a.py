"""SigV4A: what AWS's own library signs is accepted, in header and query; everything else is refused by number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore_signer import HEADERS, KEY_ID, SECRET, WALL, Message, fault
from crt_signer import sign
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.credentials.canonical import verify, verify_asymmetric
from vestry.credentials.sigv4 import SignedRequest, check_scope, check_time, read_signature, signing_key
from vestry.credentials.sigv4a import covers, holds, public_key, read_region_set
from vestry.errors import Fault, IncompleteSignature, SignatureDoesNotMatch


def judge(
    message: Message, *, service: str = "sts", region: str | None = None, secret: str = SECRET
) -> SignedRequest:
    """Read, place, date and prove a signature of either kind, as `authenticate` does."""
    signed = read_signature(message.query, message.headers)
    assert signed is not None
    check_scope(signed, service, region=region)
    check_time(signed, wall=WALL)
    parts = (message.method, message.path, message.query, message.headers, message.body)
    if signed.regions is None:
        verify(signed, signing_key(secret, signed.date, signed.region, signed.service), *parts)
    else:
        verify_asymmetric(signed, public_key(signed.access_key, secret), *parts)
    return signed


def refused(message: Message, **how: str) -> None:
    with pytest.raises(Fault):
        judge(message, **how)


@pytest.mark.parametrize("asymmetric", [True, False], ids=["SigV4A", "SigV4"])
@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzEXAMPLE=="])
@pytest.mark.parametrize("presign", [False, True], ids=["header", "query"])
@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("POST", "/", {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}),
        (
            "GET",
            "/?Version=2011-06-15&Action=GetCallerIdentity&a=%2F&a=b%20c&empty=",
            {"x-k8s-aws-id": "cluster"},
        ),
        ("PUT", "/a/./b/../c%20d//e/", {"x-two": "  b   b ", "x-amz-meta": "v"}),
    ],
)
def test_what_awss_library_signs_is_accepted(
    asymmetric: bool, token: str | None, presign: bool, method: str, target: str, headers: dict[str, str]
) -> None:
    body = b"" if method == "GET" else b"Action=A"
    message = sign(method, target, headers, body, asymmetric=asymmetric, presign=presign, token=token)
    signed = judge(message)
    assert (signed.access_key, signed.service, signed.presigned, signed.token) == (
        KEY_ID,
        "sts",
        presign,
        token,
    )
    assert signed.regions == (("us-east-1",) if asymmetric else None)
    refused(message, secret=SECRET[:-1] + "X")
    refused(replace(message, method="DELETE"))
    refused(replace(message, body=body + b"x"))
    refused(replace(message, path=message.path + "x"))
    refused(replace(message, query=message.query + b"&x=1"))
    for name in signed.signed_headers:
        refused(message.with_header(name.encode(), b"other"))
        refused(message.with_header(name.encode(), None))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_bit_of_a_signature_may_change(place: int, bit: int) -> None:
    message = sign()
    authorization = message.header(b"authorization")
    start = authorization.index(b"Signature=") + 10
    changed = bytearray(authorization)
    changed[start + place % (len(changed) - start)] ^= 1 << bit
    refused(message.with_header(b"authorization", bytes(changed)))


@pytest.mark.parametrize("signature", ["", "00", "zz", "é", "3", "30" * 40, "3006020100020100"])
def test_what_is_no_signature_holds_for_no_key(signature: str) -> None:
    assert not holds(public_key(KEY_ID, SECRET), signature, b"text")


def test_the_key_belongs_to_the_access_key_and_its_secret() -> None:
    keys = {
        public_key(access, secret).public_numbers()
        for access, secret in ((KEY_ID, SECRET), ("AKIAOTHER", SECRET), (KEY_ID, SECRET + "x"))
    }
    assert len(keys) == 3


def test_the_published_key_derivation() -> None:
    """The pair that AWS's C library publishes for its example secret."""
    numbers = public_key("AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom").public_numbers()
    assert f"{numbers.x:064x}" == "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb"
    assert f"{numbers.y:064x}" == "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"


REGIONS = {
    "the region itself": ("us-east-1", "us-east-1", True),
    "another": ("us-east-1", "us-east-2", False),
    "one of several": ("eu-west-1,us-east-1", "us-east-1", True),
    "spaces do not matter": ("eu-west-1, us-east-1", "us-east-1", True),
    "all": ("*", "us-east-1", True),
    "a family": ("us-*", "us-east-1", True),
    "another family": ("eu-*", "us-east-1", False),
    "an end": ("*-1", "us-east-1", True),
    "a middle": ("us-*-1", "us-east-1", True),
    "two middles": ("u*-e*-1", "us-east-1", True),
    "a middle that is not there": ("u*x*1", "us-east-1", False),
    "nothing twice": ("us-east-1*1", "us-east-1", False),
    "a star may be nothing": ("us-east-1*", "us-east-1", True),
    "no prefix": ("us-east", "us-east-1", False),
    "not without case": ("US-EAST-1", "us-east-1", False),
    "an empty name spoils the set": ("us-east-1,", "us-east-1", False),
    "so does what is no name": ("us-east-1,a b", "us-east-1", False),
}


@pytest.mark.parametrize(("text", "region", "expected"), REGIONS.values(), ids=REGIONS)
def test_1_a_set_covers_the_region_asked_for(text: str, region: str, expected: bool) -> None:
    assert covers(read_region_set(text), region) is expected


@pytest.mark.parametrize("text", ["*" * 60 + "x", "a*" * 30 + "b"])
def test_1_hostile_sets_are_quick(text: str) -> None:
    assert not covers(read_region_set(",".join([text] * 400)), "a" * 63)


@pytest.mark.parametrize(
    ("regions", "region", "fits"),
    [
        ("us-east-1", "us-east-1", True), ("us-*", "us-east-1", True), ("eu-*,*-east-1", "us-east-1", True),
        ("eu-west-1", "us-east-1", False), ("eu-*", "us-east-1", False), ("eu-west-1", None, True), ("*", None, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("presign", [False, True], ids=["header", "query"])
def test_1_the_scope_is_judged_by_the_set(
    regions: str, region: str | None, fits: bool, presign: bool
) -> None:
    message = sign(regions=regions, presign=presign)
    if fits:
        judge(message, region=region)
        return
    said = fault(SignatureDoesNotMatch, judge, message, region=region)
    assert said == "Credential should be scoped to a valid region. "


def test_1_and_2_the_service_too() -> None:
    said = fault(SignatureDoesNotMatch, judge, sign(regions="!"), service="iam")
    assert (
        said
        == "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'iam'. "
    )


def test_3_the_set_must_be_sent() -> None:
    message = sign()
    said = fault(IncompleteSignature, judge, message.with_header(b"x-amz-region-set", None))
    assert said == "Authorization header requires existence of an 'X-Amz-Region-Set' header."
    presigned = sign(presign=True)
    query = b"&".join(
        part for part in presigned.query.split(b"&") if not part.startswith(b"X-Amz-Region-Set")
    )
    said = fault(IncompleteSignature, judge, replace(presigned, query=query))
    assert said.startswith("AWS query-string parameters must include 'X-Amz-Region-Set'.")
    twice = replace(presigned, query=presigned.query + b"&X-Amz-Region-Set=*")
    assert "'X-Amz-Region-Set' must be given once" in fault(IncompleteSignature, judge, twice)


def test_5_the_set_must_be_signed() -> None:
    message = sign()
    value = message.header(b"authorization").replace(b"x-amz-region-set", b"x-other")
    said = fault(SignatureDoesNotMatch, judge, message.with_header(b"authorization", value))
    assert said == "'x-amz-region-set' must be a 'SignedHeader' in the AWS Authorization."


@pytest.mark.parametrize("scope", ["a/20261124/us-east-1/sts/aws4_request", "a/20261124/sts", "a"])
def test_6_a_credential_has_four_elements(scope: str) -> None:
    authorization = f"AWS4-ECDSA-P256-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date;x-amz-region-set, Signature=00"
    headers = [*HEADERS, (b"x-amz-region-set", b"*"), (b"authorization", authorization.encode())]
    said = fault(IncompleteSignature, read_signature, b"", headers)
    assert said == (
        f"Credential must have exactly 4 slash-delimited elements, e.g. keyid/date/service/term, got '{scope}'"
    )


def test_a_signature_of_one_kind_is_none_of_the_other() -> None:
    message = sign(regions="us-east-1")
    authorization = message.header(b"authorization")
    plain = authorization.replace(b"AWS4-ECDSA-P256-SHA256", b"AWS4-HMAC-SHA256").replace(
        b"/20261124/", b"/20261124/us-east-1/"
    )
    said = fault(SignatureDoesNotMatch, judge, message.with_header(b"authorization", plain))
    assert said.startswith("The request signature we calculated")


def test_a_set_without_wildcards_names_a_region() -> None:
    assert judge(sign(regions="*,eu-west-1,us-east-1")).region == "eu-west-1"
    assert judge(sign(regions="eu-*")).region == ""
