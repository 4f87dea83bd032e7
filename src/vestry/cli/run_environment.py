"""The environment of a command that runs as an instance: nothing of the user's own AWS configuration, as on a machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

#: Variables that would go before instance metadata, switch it off, or lead elsewhere; the command does not inherit them.
REMOVED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_FILE",
    "BOTO_CONFIG",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_EKS",
    "AWS_ENDPOINT_URL_EKS_AUTH",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_ROLESANYWHERE",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)

#: What the operator's own variables begin with: a machine knows nothing of the store, and the master key least of all.
OPERATORS = "VESTRY_"

#: Files of the user's own, whose profiles would go before instance metadata as well: the command finds them empty.
EMPTY_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def environment_of(
    inherited: Mapping[str, str], endpoint: str, region: str, direct: Sequence[str]
) -> dict[str, str]:
    """Return what a command is given that runs as an instance of `region`.

    `direct` are hosts that no proxy may stand before: where the environment names one, they are excepted from it.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if name not in REMOVED and not name.startswith(OPERATORS)
    }
    kept |= dict.fromkeys(EMPTY_FILES, os.devnull)
    kept |= {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    if any(name.lower() in _PROXIES for name in kept):
        excepted = kept.get("no_proxy") or kept.get("NO_PROXY")
        kept |= dict.fromkeys(
            ("no_proxy", "NO_PROXY"), ",".join([*([excepted] if excepted else []), *direct])
        )
    return kept
