"""What is asymmetric in SigV4A: the set of regions, the key pair behind a secret, and the signature itself.

The client signs with a private key derived from its secret, so that one signature serves several regions; the server
derives the same pair and keeps the public half. The rest is `sigv4` and `canonical`. Sources: IAM User Guide, "Create
a signed AWS API request"; NIST SP 800-108 (counter mode), as AWS's own signer library applies it to P-256.
"""

from __future__ import annotations

import re
from binascii import Error, unhexlify
from hmac import digest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ASYMMETRIC = "AWS4-ECDSA-P256-SHA256"

PublicKey = ec.EllipticCurvePublicKey

_REGION = re.compile(r"[a-z0-9*][a-z0-9*-]{0,62}", re.ASCII)
_DIGITS = re.compile(r"[0-9a-f]+", re.ASCII)
#: The number of points on P-256 (NIST SP 800-186).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LENGTH = (256).to_bytes(4, "big")
_ALGORITHM = ec.ECDSA(SHA256())


def read_region_set(text: str) -> tuple[str, ...]:
    """Return the regions that a signature is good for: names separated by commas, in which `*` is any text.

    What is no set of regions is the empty one, which covers none.
    """
    regions = tuple(region.strip() for region in text.split(","))
    return regions if all(map(_REGION.fullmatch, regions)) else ()


def covers(regions: tuple[str, ...], region: str | None) -> bool:
    """Tell whether a set covers a region; None asks only whether it covers any."""
    return bool(regions) if region is None else any(_matches(pattern, region) for pattern in regions)


def _matches(pattern: str, region: str) -> bool:
    """Tell whether a region is named by a pattern, in time proportional to their lengths."""
    first, *rest = pattern.split("*")
    if not rest:
        return region == first
    *middle, last = rest
    if not region.startswith(first) or not region.endswith(last):
        return False
    place, end = len(first), len(region) - len(last)
    for part in middle:
        place = region.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return place <= end


def public_key(access_key: str, secret: str) -> PublicKey:
    """Return the public half of the key pair that belongs to an access key; it may be kept.

    1. The input key is `AWS4A` and the secret; the fixed input names algorithm, access key, attempt and length.
    2. HMAC-SHA256 of both is a candidate; one that is not below the curve's order minus one is passed over, so that
       every private key is equally likely (an attempt fails once in four thousand million).
    """
    key = b"AWS4A" + secret.encode("utf-8", "replace")
    for attempt in range(1, 255):
        fixed = b"\x00\x00\x00\x01%b\x00%b%b%b" % (
            ASYMMETRIC.encode(),
            access_key.encode("utf-8", "replace"),
            bytes([attempt]),
            _LENGTH,
        )
        candidate = int.from_bytes(digest(key, fixed, "sha256"), "big")  # 1
        if candidate <= _ORDER - 2:  # 2
            return ec.derive_private_key(candidate + 1, ec.SECP256R1()).public_key()
    raise AssertionError("no key in 254 attempts: SHA-256 is broken")


def holds(key: PublicKey, signature: str, text: bytes) -> bool:
    """Tell whether `signature` is the key's own over `text`. Nothing compared here is secret.

    1. It is written in one way only: DER, in lower-case hexadecimal digits.
    2. It verifies.
    """
    if _DIGITS.fullmatch(signature) is None:  # 1
        return False
    try:
        key.verify(unhexlify(signature), text, _ALGORITHM)  # 2
    except (InvalidSignature, Error):
        return False
    return True
