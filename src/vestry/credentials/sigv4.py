"""What a Signature Version 4 claims: who signed, when, for which scope and which headers.

Nothing here knows a secret: `read_signature`, `check_scope` and `check_time` judge the claim itself, `signing_key`
derives the key, and `canonical.verify` proves the claim. Sources: IAM User Guide, "Signing AWS API requests" and
"Troubleshoot Signature Version 4"; AWS's error texts as public logs have them.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest

import msgspec

from vestry.credentials.encoding import Headers, canonical_pairs, decoded, gathered
from vestry.credentials.sigv4a import ASYMMETRIC, covers, read_region_set
from vestry.errors import IncompleteSignature, SignatureDoesNotMatch
from vestry.limits import CLOCK_SKEW_SECONDS, PRESIGNED_SECONDS

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"

_HEADER_PARTS = ("Credential", "Signature", "SignedHeaders")
_QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
_AUTHENTICATING = frozenset({*_QUERY_PARTS, "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Region-Set"})
#: Any of these in a query means that it claims to be presigned.
_PRESIGNED = (b"X-Amz-Algorithm", b"X-Amz-Credential", b"X-Amz-Signature")

_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_INTERNET_DATE = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:GMT|UTC|[+-]0000)"
)
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: f"{number:02}" for number, name in enumerate(_MONTH_NAMES, 1)}


class SignedRequest(msgspec.Struct, frozen=True, gc=False):
    """What a request says of its own signature. INVARIANT: made only by `read_signature`; proven by `verify`.

    `timestamp` is ISO 8601 basic (20261124T001500Z) and `instant` the same in epoch seconds; `date` is the scope's.
    `token` is the session token, None where none was sent. `expires` is a presigned request's X-Amz-Expires.
    `regions` is the set of a SigV4A signature, None for any other; `region` is then its first that has no wildcard, or
    empty.
    """

    access_key: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    instant: int
    token: str | None
    presigned: bool
    expires: int | None
    regions: tuple[str, ...] | None = None


def read_signature(query: bytes, headers: Headers) -> SignedRequest | None:
    """Return what a request claims by header or by query string, or None where it is not signed at all.

    `query` is raw, header names are lower case.

    1. A request is signed by its header or by its query, never by both.
    2. The algorithm is AWS4-HMAC-SHA256, or AWS4-ECDSA-P256-SHA256 with a set of regions.
    3. The header is a list of key=value pairs; no part is missing, none is repeated.
    4. The date is ISO 8601 basic (or a `Date` header in HTTP's own form).
    5. `host` is signed, and so is the date, and so is every x-amz-* header that was sent.
    6. The credential has five elements, and four where the regions are a set.

    Raises IncompleteSignature (2, 3, 4, 6) and SignatureDoesNotMatch (1, 5).
    """
    found = gathered(headers)
    authorization = found.get(b"authorization")
    pairs = canonical_pairs(query) if query else []
    presigned = any(name in _PRESIGNED for name, _ in pairs)
    if authorization is None:
        return _from_query(pairs, found) if presigned else None
    if presigned:  # 1
        raise SignatureDoesNotMatch(
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
        )
    if authorization[:3] != b"AWS":
        return None  # another scheme (Bearer, Basic) signs nothing
    return _from_header(authorization.decode("latin-1"), found)


def _from_header(text: str, found: dict[bytes, bytes]) -> SignedRequest:
    algorithm, _, rest = text.partition(" ")
    if algorithm != ALGORITHM and algorithm != ASYMMETRIC:  # noqa: PLR1714 # 2: the usual one is asked first
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parts = read_parts(text, rest)
    sent = found.get(b"x-amz-date")
    timestamp = (found.get(b"date", b"") if sent is None else sent).decode("latin-1")
    credential, signature, names = parts.get("Credential"), parts.get("Signature"), parts.get("SignedHeaders")
    if not credential or not signature or not names or not timestamp:  # 3
        raise missing_parts(parts, timestamp, text)
    timestamp, instant = read_date(timestamp)
    signed_headers = tuple(names.split(";"))
    check_signed(signed_headers, found)
    if sent is None and "date" not in signed_headers:  # 5
        raise _unsigned("Date")
    token = found.get(b"x-amz-security-token")
    regions = None
    if algorithm != ALGORITHM:
        named = found.get(b"x-amz-region-set")
        if not named:  # 3
            raise IncompleteSignature(
                "Authorization header requires existence of an 'X-Amz-Region-Set' header."
            )
        regions = read_region_set(named.decode("latin-1"))
    access_key, date, region, service, terminator = read_credential(credential, regions)
    return SignedRequest(
        access_key,
        date,
        region,
        service,
        terminator,
        signed_headers,
        signature,
        timestamp,
        instant,
        None if token is None else token.decode("latin-1"),
        False,
        None,
        regions,
    )


def read_parts(text: str, rest: str) -> dict[str, str]:
    """Return the key=value pairs behind the algorithm of an Authorization header. Raises IncompleteSignature."""
    parts: dict[str, str] = {}
    for piece in rest.split(","):
        name, equals, value = piece.strip().partition("=")
        if not equals or name in parts:  # 3
            if not name:
                continue
            raise IncompleteSignature(
                "Invalid key=value pair (missing equal-sign) in Authorization header "
                f"(hashed with SHA-256 and encoded with Base64): '{_fingerprint(text)}'."
            )
        parts[name] = value
    return parts


def _from_query(pairs: list[tuple[bytes, bytes]], found: dict[bytes, bytes]) -> SignedRequest:
    parts: dict[str, str] = {}
    for encoded, value in pairs:
        name = decoded(encoded)
        if name in _AUTHENTICATING:
            if name in parts:  # 3
                raise IncompleteSignature(f"AWS query-string parameter '{name}' must be given once.")
            parts[name] = decoded(value)
    asymmetric = parts.get("X-Amz-Algorithm") == ASYMMETRIC
    wanted = (*_QUERY_PARTS, "X-Amz-Region-Set") if asymmetric else _QUERY_PARTS
    missing = [name for name in wanted if not parts.get(name)]
    if missing:  # 3
        sentences = [f"AWS query-string parameters must include '{name}'." for name in missing]
        raise IncompleteSignature(" ".join([*sentences, "Re-examine the query-string parameters."]))
    if not asymmetric and parts["X-Amz-Algorithm"] != ALGORITHM:  # 2
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{parts['X-Amz-Algorithm']}'.")
    timestamp, instant = read_date(parts["X-Amz-Date"])
    expires = _read_expires(parts.get("X-Amz-Expires"))
    signed_headers = tuple(parts["X-Amz-SignedHeaders"].split(";"))
    check_signed(signed_headers, found)
    regions = read_region_set(parts["X-Amz-Region-Set"]) if asymmetric else None
    access_key, date, region, service, terminator = read_credential(parts["X-Amz-Credential"], regions)
    token = parts.get("X-Amz-Security-Token")
    if token is None and (header := found.get(b"x-amz-security-token")) is not None:
        token = header.decode("latin-1")
    return SignedRequest(
        access_key,
        date,
        region,
        service,
        terminator,
        signed_headers,
        parts["X-Amz-Signature"],
        timestamp,
        instant,
        token,
        True,
        expires,
        regions,
    )


def missing_parts(parts: dict[str, str], timestamp: str, text: str) -> IncompleteSignature:
    """Return the fault that names all that an Authorization header lacks."""
    sentences = [
        f"Authorization header requires '{name}' parameter." for name in _HEADER_PARTS if not parts.get(name)
    ]
    if not timestamp:
        sentences.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    sentences.append(f"(Hashed with SHA-256 and encoded with Base64) Authorization={_fingerprint(text)}")
    return IncompleteSignature(" ".join(sentences))


def _fingerprint(text: str) -> str:
    return b64encode(sha256(text.encode("latin-1")).digest()).decode()


def read_date(text: str) -> tuple[str, int]:  # 4
    """Return a date in ISO 8601 basic and in epoch seconds. Raises IncompleteSignature."""
    instant = _instant(text)
    if instant is not None:
        return text, instant
    if match := _INTERNET_DATE.fullmatch(text):
        day, month, year, hour, minute, second = match.groups()
        timestamp = f"{year}{_MONTHS.get(month, '??')}{day}T{hour}{minute}{second}Z"
        instant = _instant(timestamp)
        if instant is not None:
            return timestamp, instant
    raise IncompleteSignature(
        f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
    )


@lru_cache(maxsize=256)  # the requests of one second say the same
def _instant(timestamp: str) -> int | None:
    digits = timestamp[:8] + timestamp[9:15]
    if len(timestamp) != 16 or timestamp[8] != "T" or timestamp[15] != "Z":
        return None
    if not digits.isascii() or not digits.isdigit():
        return None
    try:
        return int(datetime.fromisoformat(timestamp).timestamp())
    except ValueError:  # a month of 13, an hour of 25
        return None


def _read_expires(text: str | None) -> int | None:
    if text is None:
        return None
    if len(text) <= 6 and text.isascii() and text.isdigit() and 1 <= int(text) <= PRESIGNED_SECONDS:
        return int(text)
    raise IncompleteSignature(f"X-Amz-Expires must be a number of seconds from 1 to {PRESIGNED_SECONDS}.")


def check_signed(signed_headers: tuple[str, ...], found: dict[bytes, bytes]) -> None:  # 5
    """Raise SignatureDoesNotMatch unless `host` and every x-amz-* header that was sent are signed."""
    if "host" not in signed_headers:
        raise _unsigned("Host' or ':authority")
    for name in found:
        if name[:6] == b"x-amz-" and name.decode("latin-1") not in signed_headers:
            raise _unsigned(name.decode("latin-1"))


def _unsigned(name: str) -> SignatureDoesNotMatch:
    return SignatureDoesNotMatch(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def read_credential(text: str, regions: tuple[str, ...] | None) -> list[str]:  # 6
    """Return the five elements of a credential. Raises IncompleteSignature."""
    elements = text.split("/")
    if regions is not None and len(elements) == 4:
        elements.insert(2, next((region for region in regions if "*" not in region), ""))
    elif regions is not None or len(elements) != 5:
        form = "5 slash-delimited elements, e.g. keyid/date/region/service/term"
        if regions is not None:
            form = "4 slash-delimited elements, e.g. keyid/date/service/term"
        raise IncompleteSignature(f"Credential must have exactly {form}, got '{text}'")
    return elements


def check_scope(signed: SignedRequest, service: str, *, region: str | None = None) -> None:
    """Raise SignatureDoesNotMatch unless the credential scope is for this service, region and day.

    `service` is the signing name of the service that was called. `region` None accepts any well-formed region, as
    clients with an endpoint of their own sign with theirs.

    1. The region is the one asked for, or well formed; a set of regions covers it.
    2. The service is the one called.
    3. The scope ends in aws4_request.
    4. The scope's date is the day of the signature's own date.

    Everything wrong is said at once, in AWS's sentences (each but the last ends in a space).
    """
    if signed.regions is not None:
        placed = covers(signed.regions, region)
    else:
        placed = _REGION.fullmatch(signed.region) is not None if region is None else signed.region == region
    day = signed.timestamp[:8]
    if placed and signed.service == service and signed.terminator == TERMINATOR and signed.date == day:
        return
    text = ""
    if not placed:  # 1
        text += "Credential should be scoped to a valid region. "
    if signed.service != service:  # 2
        text += f"Credential should be scoped to correct service: '{service}'. "
    if signed.terminator != TERMINATOR:  # 3
        text += f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{signed.terminator}'. "
    if signed.date != day:  # 4
        text += (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signed.date}' != '{day}', from '{signed.timestamp}'."
        )
    raise SignatureDoesNotMatch(
        text, hint="Check the client's region and service, and that it signs anew each day."
    )


def check_time(signed: SignedRequest, *, wall: int, skew: int = CLOCK_SKEW_SECONDS) -> None:
    """Raise SignatureDoesNotMatch unless the signature was made within `skew` seconds of `wall` (epoch seconds).

    1. It is not older than that.
    2. It is not further ahead than that.

    Presigned requests too: STS and IAM hold to this whatever X-Amz-Expires says, shorter or longer, and verifiers
    that are handed a presigned GetCallerIdentity (EKS's, Vault's) rely on it.
    """
    age = wall - signed.instant
    if age > skew:  # 1
        raise SignatureDoesNotMatch(
            f"Signature expired: {signed.timestamp} is now earlier than {_basic(wall - skew)} "
            f"({_basic(wall)} - {skew // 60} min.)",
            hint="Sign again, or set the client's clock.",
        )
    if age < -skew:  # 2
        raise SignatureDoesNotMatch(
            f"Signature not yet current: {signed.timestamp} is still later than "
            f"{_basic(wall + skew)} ({_basic(wall)} + {skew // 60} min.)",
            hint="Set the client's clock.",
        )


def _basic(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y%m%dT%H%M%SZ")


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the 32-byte key that signs requests of one scope; it may be kept, as it depends on nothing else."""
    key = digest(b"AWS4" + secret.encode("utf-8", "replace"), date.encode("utf-8", "replace"), "sha256")
    key = digest(key, region.encode("utf-8", "replace"), "sha256")
    key = digest(key, service.encode("utf-8", "replace"), "sha256")
    return digest(key, TERMINATOR.encode(), "sha256")
