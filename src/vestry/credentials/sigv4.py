"""Signature Version 4: reading a signature from a request, and whether its scope and time are right.

Source: IAM User Guide, "Signing AWS API requests"; the texts are those that STS and IAM answer.
"""

from __future__ import annotations

import hmac
import re
from calendar import timegm
from collections.abc import Sequence
from time import gmtime, strftime
from urllib.parse import unquote_to_bytes

import msgspec

from vestry.errors import IncompleteSignature, SignatureDoesNotMatch
from vestry.limits import CLOCK_SKEW_SECONDS

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
LONGEST_PRESIGNED = 604_800

Headers = Sequence[tuple[bytes, bytes]]

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}|aws-global|aws-[a-z-]+-global", re.ASCII)
_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)


class SignedRequest(msgspec.Struct, frozen=True, gc=False):
    """What a request says about its own signature; nothing of it is proven yet."""

    access_key: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    token: str | None = None
    presigned: bool = False
    expires: int = 0


def read_signature(query: bytes, headers: Headers) -> SignedRequest | None:
    """Return the signature of a request, None where it has none at all. Raises IncompleteSignature.

    `headers` have lower-case names. A signature in the header and one in the query at once are refused.
    """
    found = {name: value for name, value in headers if name in _OURS}
    authorization = found.get(b"authorization")
    presigned = b"X-Amz-Signature=" in query or b"X-Amz-Algorithm=" in query
    if authorization is None:
        return _from_query(query) if presigned else None
    if presigned:
        raise IncompleteSignature(
            "A request may carry one signature: in the Authorization header or in the query."
        )
    return _from_header(authorization.decode("latin-1"), found)


_OURS = frozenset((b"authorization", b"x-amz-date", b"date", b"x-amz-security-token"))


def _from_header(text: str, headers: dict[bytes, bytes]) -> SignedRequest:
    algorithm, _, rest = text.partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignature(
            f"Unsupported AWS 'algorithm': '{algorithm[:64]}'.", hint="Sign with AWS4-HMAC-SHA256 (SigV4)."
        )
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        parts[name] = value
    stamp = headers.get(b"x-amz-date", headers.get(b"date"))
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    if stamp is None:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing or stamp is None:
        raise IncompleteSignature(f"{' '.join(missing)} Authorization={algorithm}")
    token = headers.get(b"x-amz-security-token")
    return SignedRequest(
        *_credential(parts["Credential"]),
        tuple(parts["SignedHeaders"].split(";")),
        parts["Signature"],
        stamp.decode("latin-1"),
        None if token is None else token.decode("latin-1").strip(),
    )


def _from_query(query: bytes) -> SignedRequest:
    parts: dict[str, str] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name.startswith(b"X-Amz-"):
            parts.setdefault(name.decode("latin-1"), unquote_to_bytes(value).decode("latin-1"))
    missing = [
        f"AWS query-string parameters must include '{name}'."
        for name in (
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Signature",
            "X-Amz-SignedHeaders",
            "X-Amz-Date",
        )
        if not parts.get(name)
    ]
    if missing:
        raise IncompleteSignature(f"{' '.join(missing)} Re-examine the query-string parameters.")
    if parts["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{parts['X-Amz-Algorithm'][:64]}'.")
    expires = parts.get("X-Amz-Expires", str(CLOCK_SKEW_SECONDS))
    if not (expires.isascii() and expires.isdigit() and 1 <= int(expires[:9]) <= LONGEST_PRESIGNED):
        raise IncompleteSignature(
            f"X-Amz-Expires must be a number between 1 and {LONGEST_PRESIGNED} seconds."
        )
    return SignedRequest(
        *_credential(parts["X-Amz-Credential"]),
        tuple(parts["X-Amz-SignedHeaders"].split(";")),
        parts["X-Amz-Signature"],
        parts["X-Amz-Date"],
        parts.get("X-Amz-Security-Token"),
        True,
        int(expires[:9]),
    )


def _credential(text: str) -> tuple[str, str, str, str, str]:
    fields = text.split("/")
    if len(fields) != 5:
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{text[:128]}'"
        )
    return fields[0], fields[1], fields[2], fields[3], fields[4]


def check_scope(signed: SignedRequest, service: str, *, region: str | None = None) -> None:
    """Raise SignatureDoesNotMatch, with every fault of the scope in one sentence each, unless it names this service.

    `region` is the only one accepted; None accepts every well-formed one.
    """
    if (
        signed.service == service
        and signed.terminator == TERMINATOR
        and signed.timestamp.startswith(signed.date)
        and (signed.region == region if region else _REGION.fullmatch(signed.region))
    ):
        return
    said = ""
    if not (signed.region == region if region else _REGION.fullmatch(signed.region)):
        said += "Credential should be scoped to a valid region. "
    if signed.service != service:
        said += f"Credential should be scoped to correct service: '{service}'. "
    if signed.terminator != TERMINATOR:
        said += f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{signed.terminator[:64]}'. "
    moment = _stamp(signed.timestamp)
    if moment is None:
        said += "Date must be in ISO-8601 'basic format'. "
    elif signed.date != strftime("%Y%m%d", gmtime(moment)):
        said += (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signed.date[:64]}' != '{strftime('%Y%m%d', gmtime(moment))}', from '{signed.timestamp[:64]}'. "
        )
    if said:
        raise SignatureDoesNotMatch(said)


def check_time(signed: SignedRequest, *, wall: int) -> None:
    """Raise SignatureDoesNotMatch unless the signature is not older than fifteen minutes (presigned: its own expiry)
    and not newer than fifteen minutes, by `wall` in epoch seconds."""
    moment = _stamp(signed.timestamp)
    if moment is None:
        raise SignatureDoesNotMatch("Date must be in ISO-8601 'basic format'. ")
    longest = signed.expires if signed.presigned else CLOCK_SKEW_SECONDS
    if moment < wall - longest:
        raise SignatureDoesNotMatch(
            f"Signature expired: {_basic(moment)} is now earlier than {_basic(wall - longest)} "
            f"({_basic(wall)} - {_span(longest)}.)",
            hint="Check the client's clock: a signature holds for fifteen minutes.",
        )
    if moment > wall + CLOCK_SKEW_SECONDS:
        raise SignatureDoesNotMatch(
            f"Signature not yet current: {_basic(moment)} is still later than {_basic(wall + CLOCK_SKEW_SECONDS)} "
            f"({_basic(wall)} + 15 min.)",
            hint="Check the client's clock.",
        )


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the signing key of a secret access key for one scope."""
    key = hmac.digest(f"AWS4{secret}".encode(), date.encode(), "sha256")
    for part in (region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def basic_stamp(timestamp: str) -> str:
    """Return the timestamp of a signature in the form that its string to sign has."""
    moment = None if _STAMP.fullmatch(timestamp) else _stamp(timestamp)
    return timestamp if moment is None else _basic(moment)


def _stamp(text: str) -> int | None:
    """Return a timestamp as epoch seconds: the basic ISO form, or an HTTP date."""
    if _STAMP.fullmatch(text):
        fields = (text[0:4], text[4:6], text[6:8], text[9:11], text[11:13], text[13:15])
        year, month, day, hour, minute, second = map(int, fields)
        if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61 and year):
            return None
        return timegm((year, month, day, hour, minute, second))
    return _http_date(text)


_HTTP = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _http_date(text: str) -> int | None:
    found = _HTTP.fullmatch(text)
    if found is None or found[2] not in _MONTHS or not 1 <= int(found[1]) <= 31 or int(found[3]) < 1:
        return None
    clock = (int(found[4]), int(found[5]), int(found[6]))
    return timegm((int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]), *clock))


def _basic(moment: int) -> str:
    return strftime("%Y%m%dT%H%M%SZ", gmtime(moment))


def _span(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} sec"
