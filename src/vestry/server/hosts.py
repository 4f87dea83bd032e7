"""Regions: which one a request means, and when a scope must name it.

With an endpoint of their own, clients sign with whatever region they are configured for, so any well-formed region is
accepted there; only under AWS's own host names is the region enforced. Source: AWS General Reference, endpoints.
"""

from __future__ import annotations

import re
from functools import lru_cache

GLOBAL_REGION = "us-east-1"

#: Hosts of services that have one in every region: `sts.eu-west-1.amazonaws.com`.
_REGIONAL = re.compile(r"([a-z0-9-]+?)(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)", re.ASCII)
_GLOBAL = frozenset(
    ("iam.amazonaws.com", "iam.global.api.aws", "iam-fips.amazonaws.com", "sts.amazonaws.com")
)


@lru_cache(maxsize=256)
def enforced_region(host: str | None, service: str) -> str | None:
    """Return the region that a credential scope must name under this Host header, None where any will do."""
    name = _name(host)
    if name in _GLOBAL:
        return GLOBAL_REGION
    found = _REGIONAL.fullmatch(name)
    return found[2] if found is not None and found[1] == service else None


def is_global(host: str | None) -> bool:
    """Tell whether this Host header is a service's global name at AWS."""
    return _name(host) in _GLOBAL


def _name(host: str | None) -> str:
    """Return a Host header without its port, in lower case."""
    return ((host or "").rpartition(":")[0] or (host or "")).lower()


def requested_region(service: str, signed: str) -> str:
    """Return the value of `aws:RequestedRegion`: IAM is a global service, and a set of wildcards names no region."""
    return GLOBAL_REGION if service == "iam" or signed in ("aws-global", "") else signed
