"""ARNs and unique ids: reading, building, and the account number that AWS embeds in its ids.

Sources: IAM User Guide, "IAM identifiers"; the layout of the embedded account number is public knowledge
(base32 characters 5 to 20 of an id, first six bytes big-endian, bits 7 to 46).
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import NamedTuple

PARTITION = "aws"

#: Prefixes of unique ids (IAM User Guide, "Understanding unique ID prefixes").
USER, ROLE, GROUP, POLICY, POLICY_VERSION, PROFILE = "AIDA", "AROA", "AGPA", "ANPA", "ANVA", "AIPA"
LONG_TERM_KEY, TEMPORARY_KEY = "AKIA", "ASIA"

#: What the access keys of services embed: no account has this number.
NO_ACCOUNT = "000000000000"

#: The name of the role behind an EC2 instance's own identity; IAM refuses it for roles.
INSTANCE_ROLE = "aws:ec2-instance"

_ROLE_ARN = re.compile(r"arn:[^:]*:iam::([0-9]{12}):role/(?:[!-~]*/)?[\w+=,.@-]{1,64}", re.ASCII)
_ACCOUNT_MASK = 0x7FFFFFFFFF80
_ACCOUNT_SHIFT = 7
_NEW_STYLE = 1 << 47
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#: Ten bits at a time: every session's key id is made anew at each of its requests.
_PAIRS = tuple(first + second for first in _SUFFIX for second in _SUFFIX)


class Arn(NamedTuple):
    """The six fields of an ARN; `resource` keeps every further colon."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """Return the fields of `text`, or None where it has fewer than six or does not begin with `arn`."""
    fields = text.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn":
        return None
    return Arn(*fields[1:])


def iam_arn(account: str, kind: str, path: str, name: str) -> str:
    """Return the ARN of an IAM entity: `kind` is `user`, `role`, `policy`, …; `path` begins and ends with `/`."""
    return f"arn:{PARTITION}:iam::{account}:{kind}{path}{name}"


def root_arn(account: str) -> str:
    """Return the ARN of an account's root user, which is also the account's own as a principal."""
    return f"arn:{PARTITION}:iam::{account}:root"


def session_arn(account: str, role_name: str, session_name: str) -> str:
    """Return the ARN of a role session; it drops the role's path."""
    return f"arn:{PARTITION}:sts::{account}:assumed-role/{role_name}/{session_name}"


def instance_role_arn(account: str) -> str:
    """Return the ARN of the role that stands behind the identities of all EC2 instances of an account; no such role exists."""
    return f"arn:{PARTITION}:iam::{account}:role/{INSTANCE_ROLE}"


def federated_user_arn(account: str, name: str) -> str:
    """Return the ARN of a federated user (GetFederationToken)."""
    return f"arn:{PARTITION}:sts::{account}:federated-user/{name}"


def service_arn(name: str) -> str:
    """Return how GetCallerIdentity names a service principal: an ARN without an account, which no policy can name."""
    return f"arn:{PARTITION}:iam:::service/{name}"


def self_arn(account: str) -> str:
    """Return the ARN by which STS's policies call the caller's own session (GetWebIdentityToken)."""
    return f"arn:{PARTITION}:sts::{account}:self"


def is_account_id(text: str) -> bool:
    """Tell whether `text` is an account id: twelve ASCII digits."""
    return len(text) == 12 and text.isascii() and text.isdigit()


def role_account(text: str) -> str | None:
    """Return the account in a role's ARN, None for what is not one."""
    found = _ROLE_ARN.fullmatch(text)
    return None if found is None else found[1]


def key_id(prefix: str, account: str, entropy: bytes) -> str:
    """Return a 20-character id (`AKIA…`, `ASIA…`) that embeds `account`; `entropy` is at least 5 bytes."""
    head = _NEW_STYLE | (int(account) << _ACCOUNT_SHIFT) | (entropy[0] & 0x7F)
    body = head << 32 | int.from_bytes(entropy[1:5], "big")
    high, low = body >> 40, body & 0xFFFFFFFFFF
    return (
        f"{prefix}{_PAIRS[high >> 30]}{_PAIRS[high >> 20 & 1023]}{_PAIRS[high >> 10 & 1023]}{_PAIRS[high & 1023]}"
        f"{_PAIRS[low >> 30]}{_PAIRS[low >> 20 & 1023]}{_PAIRS[low >> 10 & 1023]}{_PAIRS[low & 1023]}"
    )


def unique_id(prefix: str, account: str, entropy: bytes) -> str:
    """Return a 21-character id (`AIDA…`, `AROA…`, …) that embeds `account`; `entropy` is at least 6 bytes."""
    return key_id(prefix, account, entropy) + _SUFFIX[entropy[5] & 31]


@lru_cache(maxsize=8192)
def account_of(identifier: str) -> str | None:
    """Return the account id embedded in an access key id or unique id, or None where there is none."""
    if len(identifier) not in (20, 21):
        return None
    try:
        raw = base64.b32decode(identifier[4:20])
    except (binascii.Error, ValueError):
        return None
    number = (int.from_bytes(raw[:6], "big") & _ACCOUNT_MASK) >> _ACCOUNT_SHIFT
    return f"{number:012d}" if number <= 999_999_999_999 else None
