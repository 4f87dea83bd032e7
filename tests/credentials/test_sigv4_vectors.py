"""AWS's own published test suite for Signature Version 4: requests and the signatures they must have."""

from __future__ import annotations

import pytest

from vestry.credentials.canonical import verify
from vestry.credentials.sigv4 import read_signature, signing_key
from vestry.errors import SignatureDoesNotMatch

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SCOPE = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
PLAIN = "host;x-amz-date"
FORM = (b"content-type", b"application/x-www-form-urlencoded")

Case = tuple[str, str, bytes, list[tuple[bytes, bytes]], bytes, str, str]
#: Name in the suite: method, path, query, headers, body, signed headers, signature.
SUITE: dict[str, Case] = {
    "get-vanilla": (
        "GET", "/", b"", [], b"", PLAIN, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-vanilla": (
        "POST", "/", b"", [], b"", PLAIN, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "get-vanilla-query-order-key-case": (
        "GET", "/", b"Param2=value2&Param1=value1", [], b"", PLAIN,
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-utf8-query": (
        "GET", "/", "ሴ=bar".encode(), [], b"", PLAIN,
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    "get-header-value-trim": (
        "GET", "/", b"", [(b"my-header1", b" value1"), (b"my-header2", b' "a   b   c"')], b"",
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "get-header-key-duplicate": (
        "GET", "/", b"",
        [(b"my-header1", b"value2"), (b"my-header1", b"value2"), (b"my-header1", b"value1")], b"",
        "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    "get-utf8": (
        "GET", "/ሴ".encode().decode("latin-1"), b"", [], b"", PLAIN,
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    "get-slashes": (
        "GET", "//example//", b"", [], b"", PLAIN,
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    ),
    "get-relative": (
        "GET", "/example/..", b"", [], b"", PLAIN,
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-x-www-form-urlencoded": (
        "POST", "/", b"", [FORM], b"Param1=value1", "content-type;host;x-amz-date",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}  # fmt: skip


def judge(case: Case, signature: str) -> None:
    method, path, query, more, body, names, _ = case
    authorization = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders={names}, Signature={signature}"
    headers = [
        (b"host", b"example.amazonaws.com"),
        (b"x-amz-date", b"20150830T123600Z"),
        *more,
        (b"authorization", authorization.encode()),
    ]
    signed = read_signature(query, headers)
    assert signed is not None
    key = signing_key(SECRET, signed.date, signed.region, signed.service)
    verify(signed, key, method, path, query, headers, body)


@pytest.mark.parametrize("case", SUITE.values(), ids=SUITE)
def test_the_published_signature_holds_and_no_other(case: Case) -> None:
    signature = case[-1]
    judge(case, signature)
    with pytest.raises(SignatureDoesNotMatch):
        judge(case, signature[:-1] + ("0" if signature[-1] != "0" else "1"))
