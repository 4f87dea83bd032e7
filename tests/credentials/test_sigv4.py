"""What a signature claims: `read_signature` by its numbers."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

import pytest
from botocore_signer import (
    GOOD,
    HEADERS,
    KEY_ID,
    SCOPE,
    STAMP,
    WALL,
    assume_role,
    caller_identity,
    fault,
    read,
)

from vestry.credentials.sigv4 import SignedRequest, read_signature
from vestry.errors import IncompleteSignature, SignatureDoesNotMatch


def test_every_field_of_a_signed_header_is_read():
    assert read(GOOD) == SignedRequest(
        KEY_ID,
        "20261124",
        "us-east-1",
        "sts",
        "aws4_request",
        ("host", "x-amz-date"),
        "0" * 64,
        STAMP,
        WALL,
        None,
        False,
        None,
    )


def test_every_field_of_a_presigned_request_is_read():
    message = caller_identity(token="a+b/c==")
    signed = read_signature(message.query, message.headers)
    assert signed is not None
    assert (signed.access_key, signed.date, signed.region, signed.service) == (
        KEY_ID,
        "20261124",
        "us-east-1",
        "sts",
    )
    assert (signed.timestamp, signed.instant, signed.expires, signed.presigned) == (STAMP, WALL, 3600, True)
    assert signed.token == "a+b/c=="
    assert signed.signed_headers == ("host",)


NOT_SIGNED = {
    "nothing at all": (b"", ()),
    "a query without authentication": (b"Action=GetCallerIdentity&Version=2011-06-15", ()),
    "the word in a value only": (b"Name=X-Amz-Algorithm", ()),
    "a bearer token": (b"", ((b"authorization", b"Bearer abc"),)),
    "an empty header": (b"", ((b"authorization", b""),)),
}


@pytest.mark.parametrize(("query", "headers"), NOT_SIGNED.values(), ids=NOT_SIGNED)
def test_a_request_without_a_signature_claims_nothing(query, headers):
    assert read_signature(query, headers) is None


def test_1_header_and_query_at_once_are_refused():
    presigned = caller_identity()
    text = fault(SignatureDoesNotMatch, read, GOOD, query=presigned.query)
    assert text == "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."


def test_1_any_authenticating_parameter_counts_as_a_second_signature():
    for query in (b"X-Amz-Signature=00", b"a=b&X-Amz-Credential=x", b"X%2DAmz-Algorithm=x"):
        fault(SignatureDoesNotMatch, read, GOOD, query=query)


@pytest.mark.parametrize("algorithm", ["AWS4-HMAC-SHA512", "AWS4-ECDSA-P256-SHA384", "AWS3-HTTPS", "AWS"])
def test_2_another_algorithm_is_refused_by_name(algorithm):
    text = fault(IncompleteSignature, read, GOOD.replace("AWS4-HMAC-SHA256", algorithm))
    assert text == f"Unsupported AWS 'algorithm': '{algorithm}'."


def test_2_another_algorithm_in_a_query_is_refused_by_name():
    message = caller_identity()
    query = message.query.replace(b"AWS4-HMAC-SHA256", b"AWS4-HMAC-SHA1")
    text = fault(IncompleteSignature, read_signature, query, message.headers)
    assert text == "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."


CREDENTIAL, SIGNATURE, SIGNED_HEADERS, DATE = (
    "Authorization header requires 'Credential' parameter.",
    "Authorization header requires 'Signature' parameter.",
    "Authorization header requires 'SignedHeaders' parameter.",
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
)
MISSING = {
    "everything": ("AWS4-HMAC-SHA256", (), f"{CREDENTIAL} {SIGNATURE} {SIGNED_HEADERS} {DATE}"),
    "all but the date": ("AWS4-HMAC-SHA256 ", HEADERS, f"{CREDENTIAL} {SIGNATURE} {SIGNED_HEADERS}"),
    "the date": (GOOD, HEADERS[:1], DATE),
    "an empty date": (GOOD, (HEADERS[0], (b"x-amz-date", b"")), DATE),
    "the credential": (GOOD.replace("Credential", "Cred"), HEADERS, CREDENTIAL),
    "the signature": (GOOD.replace(" Signature=", " Sign="), HEADERS, SIGNATURE),
    "the value of the signature": (GOOD.rstrip("0"), HEADERS, SIGNATURE),
    "the signed headers": (GOOD.replace("host;x-amz-date", ""), HEADERS, SIGNED_HEADERS),
}


@pytest.mark.parametrize(("header", "headers", "sentences"), MISSING.values(), ids=MISSING)
def test_3_one_sentence_for_each_missing_part(header, headers, sentences):
    text = fault(IncompleteSignature, read, header, headers=headers)
    hashed = b64encode(sha256(header.encode()).digest()).decode()
    assert text == f"{sentences} (Hashed with SHA-256 and encoded with Base64) Authorization={hashed}"


@pytest.mark.parametrize("piece", ["Credential", "x", f"Credential={SCOPE}", "Signature="])
def test_3_a_piece_without_an_equal_sign_or_given_twice_is_refused(piece):
    header = f"{GOOD}, {piece}"
    hashed = b64encode(sha256(header.encode()).digest()).decode()
    assert fault(IncompleteSignature, read, header) == (
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded "
        f"with Base64): '{hashed}'."
    )


def test_3_two_authorization_headers_are_refused():
    fault(IncompleteSignature, read, GOOD, (b"authorization", GOOD.encode()))


def test_3_spaces_around_the_pieces_do_not_matter():
    assert read(GOOD.replace(", ", ",")) == read(GOOD.replace(", ", " ,   ")) == read(GOOD + ",")


@pytest.mark.parametrize("name", ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"])
def test_3_every_missing_query_parameter_is_named(name):
    message = caller_identity()
    kept = [pair for pair in message.query.split(b"&") if not pair.startswith(f"X-Amz-{name}=".encode())]
    text = fault(IncompleteSignature, read_signature, b"&".join(kept), message.headers)
    assert text == (
        f"AWS query-string parameters must include 'X-Amz-{name}'. Re-examine the query-string parameters."
    )


def test_3_several_missing_query_parameters_are_named_together():
    text = fault(IncompleteSignature, read_signature, b"X-Amz-Algorithm=AWS4-HMAC-SHA256", HEADERS)
    assert text.count("AWS query-string parameters must include") == 4
    assert text.endswith("'X-Amz-Date'. Re-examine the query-string parameters.")


@pytest.mark.parametrize(
    "name", ["Credential", "Signature", "SignedHeaders", "Date", "Security-Token", "Expires"]
)
def test_3_no_authenticating_query_parameter_may_come_twice(name):
    message = caller_identity(token="tok")
    for again in (f"X-Amz-{name}=x", f"X-Am%7A-{name}=x"):
        fault(IncompleteSignature, read_signature, message.query + b"&" + again.encode(), message.headers)


@pytest.mark.parametrize(
    "expires", [b"0", b"604801", b"-1", b"1e3", b"", b"%20", b"99999999", b"0000060", b"%B2"]
)
def test_3_a_lifetime_outside_of_one_second_to_seven_days_is_refused(expires):
    message = caller_identity()
    query = message.query.replace(b"X-Amz-Expires=3600", b"X-Amz-Expires=" + expires)
    fault(IncompleteSignature, read_signature, query, message.headers)


BAD_DATES = (
    "20261324T001500Z",
    "20261124T251500Z",
    "20261124T001560Z",
    "20260230T000000Z",
    "00000101T000000Z",
    "2026-11-24T00:15:00Z",
    "20261124T001500",
    "20261124T001500+",
    "20261124T001500z",
    "20261124T0015O0Z",
    "20261124 001500Z",
    "2026W401T001500Z",
    "20261124T0015000Z",
    "zzzzzzzzz",
    "1795478100",
    "²0261124T001500Z",
    "Tue, 24 Foo 2026 00:15:00 GMT",
    "Tue, 24 Nov 2026 00:15:00 EST",
    "Tue, 31 Nov 2026 00:15:00 GMT",
)


@pytest.mark.parametrize("date", BAD_DATES)
def test_4_a_date_that_is_not_iso_basic_is_refused(date):
    text = fault(
        IncompleteSignature, read, GOOD, headers=(HEADERS[0], (b"x-amz-date", date.encode("latin-1")))
    )
    assert (
        text
        == f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
    )


def test_4_two_dates_are_no_date():
    fault(IncompleteSignature, read, GOOD, (b"x-amz-date", STAMP.encode()))


@pytest.mark.parametrize("month", range(1, 13))
def test_4_every_month_has_a_name(month):
    date = datetime(2026, month, 24, 0, 15, tzinfo=UTC)
    header = GOOD.replace("host;x-amz-date", "date;host")
    signed = read(header, headers=(HEADERS[0], (b"date", format_datetime(date, usegmt=True).encode())))
    assert signed.instant == int(date.timestamp())


@pytest.mark.parametrize("date", [STAMP, "Tue, 24 Nov 2026 00:15:00 GMT", "Tue, 24 Nov 2026 00:15:00 -0000"])
def test_4_the_date_header_serves_when_there_is_no_x_amz_date(date):
    signed = read(
        GOOD.replace("host;x-amz-date", "date;host"), headers=(HEADERS[0], (b"date", date.encode()))
    )
    assert (signed.timestamp, signed.instant) == (STAMP, WALL)


def test_4_x_amz_date_goes_before_the_date_header():
    assert read(GOOD, (b"date", b"Mon, 23 Nov 2026 00:15:00 GMT")).timestamp == STAMP


def test_5_host_must_be_signed():
    text = fault(SignatureDoesNotMatch, read, GOOD.replace("host;", ""))
    assert text == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."


def test_5_the_date_header_must_be_signed_where_it_is_the_date():
    header = GOOD.replace("host;x-amz-date", "host")
    text = fault(SignatureDoesNotMatch, read, header, headers=(HEADERS[0], (b"date", STAMP.encode())))
    assert text == "'Date' must be a 'SignedHeader' in the AWS Authorization."


@pytest.mark.parametrize(
    "name", ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "x-amz-", "x-amz-\xff"]
)
def test_5_every_x_amz_header_must_be_signed(name):
    header = GOOD.replace("host;x-amz-date", "host" if name == "x-amz-date" else "host;x-amz-date")
    text = fault(
        SignatureDoesNotMatch,
        read,
        header,
        (name.encode("latin-1"), b"") if name != "x-amz-date" else (b"a", b""),
    )
    assert text == f"'{name}' must be a 'SignedHeader' in the AWS Authorization."


def test_5_a_presigned_request_must_sign_host_and_x_amz_headers_too():
    message = caller_identity()
    fault(SignatureDoesNotMatch, read_signature, message.query, (*message.headers, (b"x-amz-foo", b"1")))
    query = message.query.replace(b"SignedHeaders=host", b"SignedHeaders=accept")
    fault(SignatureDoesNotMatch, read_signature, query, message.headers)


def test_5_trace_headers_of_load_balancers_need_not_be_signed():
    assert read(GOOD, (b"x-amzn-trace-id", b"Root=1-2-3")).timestamp == STAMP


@pytest.mark.parametrize("credential", ["a", "a/b/c/d", f"a/{SCOPE}", f"{SCOPE}/", "////x/"])
def test_6_a_credential_has_five_elements(credential):
    text = fault(IncompleteSignature, read, GOOD.replace(SCOPE, credential))
    assert text == (
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        f"got '{credential}'"
    )


def test_a_token_in_the_header_is_read_and_an_empty_one_is_a_token():
    header = GOOD.replace("host;x-amz-date", "host;x-amz-date;x-amz-security-token")
    assert read(header, (b"x-amz-security-token", b"tok")).token == "tok"
    assert read(header, (b"x-amz-security-token", b"")).token == ""


def test_a_presigned_request_may_carry_its_token_in_a_signed_header():
    message = caller_identity({"X-Amz-Security-Token": "tok"})
    signed = read_signature(message.query, message.headers)
    assert signed is not None
    assert signed.token == "tok"


def test_a_token_in_the_query_goes_before_one_in_a_header():
    message = caller_identity(token="tok")
    query = message.query.replace(b"SignedHeaders=host", b"SignedHeaders=host%3Bx-amz-security-token")
    signed = read_signature(query, (*message.headers, (b"x-amz-security-token", b"another")))
    assert signed is not None
    assert signed.token == "tok"


def test_a_request_of_a_client_without_faults_is_read_without_faults():
    message = assume_role()
    assert read_signature(message.query, message.headers) is not None
