"""Signature Version 4: the canonical request, and whether the signature is right.

Source: IAM User Guide, "Create a signed AWS API request" (elements of the canonical request).
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import quote_from_bytes, unquote_to_bytes

from vestry.credentials.sigv4 import ALGORITHM, Headers, SignedRequest, basic_stamp
from vestry.errors import SignatureDoesNotMatch


def verify(
    signed: SignedRequest, key: bytes, method: str, path: str, query: bytes, headers: Headers, body: bytes
) -> None:
    """Return when `signed.signature` is the signature of this request under the signing key, or raise
    SignatureDoesNotMatch.

    1. Every signed header is there, and `host` is signed.
    2. The date (header form) and every `x-amz-` header that came are signed.
    3. `x-amz-content-sha256`, where it came, is the hash of the body as it came.
    4. The signature equals ours, compared in constant time.
    """
    values: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1")
        value = " ".join(value.split(" ")).strip() if "  " not in value else " ".join(value.split())
        present = values.get(name)
        values[name] = value if present is None else f"{present},{value}"
    names = signed.signed_headers
    listed = frozenset(names)
    if "host" not in listed or len(listed) != len(names):  # 1
        raise SignatureDoesNotMatch
    try:
        canonical_headers = "".join([f"{name}:{values[name]}\n" for name in names])
    except KeyError:
        raise SignatureDoesNotMatch from None
    if not signed.presigned and not (
        "x-amz-date" in listed or ("date" in listed and "x-amz-date" not in values)
    ):
        raise SignatureDoesNotMatch  # 2
    for name in values:
        if name.startswith("x-amz-") and name not in listed:
            raise SignatureDoesNotMatch
    digest = sha256(body).hexdigest()
    stated = values.get("x-amz-content-sha256")
    if stated is not None and not hmac.compare_digest(stated.encode("latin-1"), digest.encode()):  # 3
        raise SignatureDoesNotMatch
    request = (
        f"{method}\n{canonical_path(path)}\n{canonical_query(query, presigned=signed.presigned)}\n"
        f"{canonical_headers}\n{';'.join(names)}\n{digest}"
    )
    to_sign = (
        f"{ALGORITHM}\n{basic_stamp(signed.timestamp)}\n{signed.date}/{signed.region}/{signed.service}/"
        f"{signed.terminator}\n{sha256(request.encode('latin-1', 'replace')).hexdigest()}"
    )
    ours = hmac.digest(key, to_sign.encode("latin-1", "replace"), "sha256").hex()
    if not hmac.compare_digest(ours.encode(), signed.signature.encode("latin-1", "replace")):  # 4
        raise SignatureDoesNotMatch


def canonical_path(path: str) -> str:
    """Return a raw path with dot segments and empty segments resolved, each segment encoded once more."""
    if path in ("/", ""):
        return "/"
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    tail = "/" if kept and segments[-1] in ("", ".", "..") else ""
    return quote_from_bytes(f"/{'/'.join(kept)}{tail}".encode("latin-1", "replace"), safe="/-_.~")


def canonical_query(query: bytes, *, presigned: bool) -> str:
    """Return a raw query string decoded, encoded again by the one rule, and sorted by name and value."""
    if not query:
        return ""
    pairs = []
    for pair in query.split(b"&"):
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        if presigned and name == b"X-Amz-Signature":
            continue
        pairs.append((_encoded(name), _encoded(value)))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def _encoded(part: bytes) -> str:
    if part.isalnum():
        return part.decode("ascii")
    return quote_from_bytes(unquote_to_bytes(part.replace(b"+", b" ")), safe="-_.~")
