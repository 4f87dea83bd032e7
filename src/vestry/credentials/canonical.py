"""The proof: rebuild what the client signed, sign it again, and compare.

Source: IAM User Guide, "Create a signed AWS API request". The canonical request is what a signature covers; whatever
of a request is not in it can be changed on the way.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest, digest
from urllib.parse import quote_from_bytes

from vestry.credentials.encoding import UNRESERVED, Headers, canonical_pairs, folded, gathered
from vestry.credentials.sigv4 import ALGORITHM, SignedRequest
from vestry.credentials.sigv4a import ASYMMETRIC, PublicKey, holds
from vestry.errors import SignatureDoesNotMatch


def verify(
    signed: SignedRequest, key: bytes, method: str, path: str, query: bytes, headers: Headers, body: bytes
) -> None:
    """Raise SignatureDoesNotMatch unless `signed` was made with `key` over exactly this request.

    `key` comes from `signing_key` for the scope of `signed`; `path` and `query` are raw, as they were sent (`path` is
    the Latin-1 text of its bytes), header names are lower case. 1 to 3 are `hashed_request`'s.

    4. The signature over the canonical request is the one that was sent, compared in constant time.
    """
    hashed = hashed_request(signed, method, path, query, headers, body)
    scope = f"{signed.date}/{signed.region}/{signed.service}/{signed.terminator}"
    text = f"{ALGORITHM}\n{signed.timestamp}\n{scope}\n{hashed}"
    expected = digest(key, text.encode("utf-8", "replace"), "sha256").hex().encode()
    if not compare_digest(expected, signed.signature.encode("utf-8", "replace")):  # 4
        raise SignatureDoesNotMatch


def verify_asymmetric(
    signed: SignedRequest, key: PublicKey, method: str, path: str, query: bytes, headers: Headers, body: bytes
) -> None:
    """Raise SignatureDoesNotMatch unless `signed` was made with the private half of `key` over exactly this request.

    As `verify`, for SigV4A: `key` comes from `sigv4a.public_key`, and no region is in the scope.

    4. The signature over the canonical request is that key's.
    """
    hashed = hashed_request(signed, method, path, query, headers, body)
    scope = f"{signed.date}/{signed.service}/{signed.terminator}"
    text = f"{ASYMMETRIC}\n{signed.timestamp}\n{scope}\n{hashed}"
    if not holds(key, signed.signature, text.encode("utf-8", "replace")):  # 4
        raise SignatureDoesNotMatch


def hashed_request(
    signed: SignedRequest, method: str, path: str, query: bytes, headers: Headers, body: bytes
) -> str:
    """Return the hash of the canonical request, in hexadecimal, or raise SignatureDoesNotMatch.

    1. The signed headers are named in ascending order, none twice.
    2. Each of them was sent.
    3. An x-amz-content-sha256 header, where sent, is the hash of this body: no unsigned and no streamed payloads.
    """
    names = signed.signed_headers
    if list(names) != sorted(set(names)):  # 1
        raise SignatureDoesNotMatch(hint="SignedHeaders must be lower case, sorted and without repetition.")
    found = gathered(headers)
    lines = []
    for name in names:
        raw = name.encode("latin-1", "replace")
        value = found.get(raw)
        if value is None:  # 2
            raise SignatureDoesNotMatch(
                hint=f"The signed header {name} did not arrive; a proxy may remove it."
            )
        lines.append(b"%b:%b\n" % (raw, folded(value)))
    body_hash = sha256(body).hexdigest().encode()
    claimed = found.get(b"x-amz-content-sha256")
    if claimed is not None and not compare_digest(claimed, body_hash):  # 3
        raise SignatureDoesNotMatch(
            hint="x-amz-content-sha256 must be the SHA-256 of the body, in hexadecimal."
        )
    request = b"%b\n%b\n%b\n%b\n%b\n%b" % (
        method.encode("latin-1", "replace"),
        canonical_path(path),
        canonical_query(query, presigned=signed.presigned) if query else b"",
        b"".join(lines),
        ";".join(names).encode("latin-1", "replace"),
        body_hash,
    )
    return sha256(request).hexdigest()


def canonical_path(path: str) -> bytes:
    """Return a raw path without dot segments and doubled slashes, its escapes encoded once more (`%20` → `%2520`)."""
    if path == "/":
        return b"/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    if not kept:
        return b"/"
    text = "/" + "/".join(kept) + ("/" if path[-1] == "/" else "")
    return quote_from_bytes(text.encode("latin-1", "replace"), safe="/" + UNRESERVED).encode()


def canonical_query(query: bytes, *, presigned: bool) -> bytes:
    """Return a raw query's parameters sorted by encoded name, then value; a presigned one's signature is left out."""
    pairs = canonical_pairs(query)
    if presigned:
        pairs = [pair for pair in pairs if pair[0] != b"X-Amz-Signature"]
    pairs.sort()
    return b"&".join([name + b"=" + value for name, value in pairs])
