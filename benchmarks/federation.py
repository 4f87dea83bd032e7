"""Federation: a provider, roles that trust it, and what it signs beforehand.

AssumeRoleWithWebIdentity with keys at hand, tokens in RS256; AssumeRoleWithSAML, whose assertions (RSA with SHA-256) are
good once and are therefore made anew for each round.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3

from benchmarks.load import read_line
from vestry.idp import saml
from vestry.idp.home import Home
from vestry.idp.saml_key import pairs_of
from vestry.idp.tokens import Wish, token

AUDIENCE = "sts.amazonaws.com"
ROLES = 20


@contextlib.contextmanager
def provider(folder: Path) -> Iterator[Home]:
    """Run the built-in identity provider until the block ends; servers started meanwhile trust its certificate."""
    command = [
        sys.executable,
        "-m",
        "vestry.cli",
        "idp",
        "serve",
        "--json",
        "--port",
        "0",
        "--data",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        before = os.environ.get("SSL_CERT_FILE")
        try:
            os.environ["SSL_CERT_FILE"] = read_line(running.stdout)["authority"]
            yield Home(folder)
        finally:
            running.terminate()
            if before is None:
                os.environ.pop("SSL_CERT_FILE", None)
            else:
                os.environ["SSL_CERT_FILE"] = before


def requests(
    endpoint: str, root: dict[str, str], idp: Home, *, bodies_of: int
) -> list[tuple[dict[str, str], str]]:
    """Register the provider, make roles, and return requests with a token each; one has been answered."""
    issuer, key = idp.issuer, idp.ring().current
    assert issuer is not None
    iam = _iam(endpoint, root)
    made = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE])
    address = issuer.removeprefix("https://")
    condition = {"StringLike": {f"{address}:sub": "repo:org/*"}, "StringEquals": {f"{address}:aud": AUDIENCE}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": made["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arns = [
        iam.create_role(RoleName=f"web-{number}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for number in range(ROLES)
    ]
    found = []
    for number in range(bodies_of):
        wish = Wish(
            issuer=issuer,
            subject=f"repo:org/app-{number}:ref:refs/heads/main",
            audience=(AUDIENCE,),
            lifetime=36_000,
        )
        body = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": arns[number % ROLES],
            "RoleSessionName": f"session-{number}",
            "WebIdentityToken": token(wish, key, int(time.time()), str(number)),
        }
        found.append((_head(endpoint), urlencode(body)))
    return found


class Saml:
    """The provider's SAML half, registered with a role that trusts it."""

    def __init__(self, endpoint: str, root: dict[str, str], idp: Home) -> None:
        assert idp.issuer is not None
        self._endpoint, self._issuer, self._pairs = endpoint, idp.issuer, pairs_of(idp)
        iam = _iam(endpoint, root)
        metadata = saml.metadata(self._issuer, self._pairs)
        made = iam.create_saml_provider(Name="bench", SAMLMetadataDocument=metadata)
        self._provider: str = made["SAMLProviderArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": self._provider},
            "Action": "sts:AssumeRoleWithSAML",
            "Condition": {"StringEquals": {"saml:aud": saml.AWS_SIGN_IN}},
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = iam.create_role(RoleName="saml", AssumeRolePolicyDocument=trust)
        self._role: str = made["Role"]["Arn"]

    def requests(self, count: int) -> list[tuple[dict[str, str], str]]:
        """Return requests with an assertion each, that was issued now."""
        now, found = int(time.time()), []
        for number in range(count):
            wish = saml.Wish(
                issuer=self._issuer,
                role=self._role,
                provider=self._provider,
                session_name=f"session-{number}",
                name_id=f"user-{number}",
            )
            assertion = base64.b64encode(saml.response(wish, self._pairs[0], now)).decode()
            body = {
                "Action": "AssumeRoleWithSAML",
                "Version": "2011-06-15",
                "RoleArn": self._role,
                "PrincipalArn": self._provider,
                "SAMLAssertion": assertion,
            }
            found.append((_head(self._endpoint), urlencode(body)))
        return found


def _iam(endpoint: str, root: dict[str, str]) -> Any:
    return boto3.client(
        "iam",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=root["AccessKeyId"],
        aws_secret_access_key=root["SecretAccessKey"],
    )


def _head(endpoint: str) -> dict[str, str]:
    return {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Host": endpoint.partition("//")[2],
    }
