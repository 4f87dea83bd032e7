"""A real, certified OpenID Connect provider: sign in there, take its token to STS, use the credentials."""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from joserfc.jwk import ECKey, Key, RSAKey

from issuers import Certificates
from places import Place, allowed, document, refusal, statement, trusting

HERE = Path(__file__).parent
REDIRECT = "https://app.example.com/signed-in"
SECRET = "a secret between provider and client"
WEB = "sts:AssumeRoleWithWebIdentity"


def signing_keys(number: int) -> list[Key]:
    named = {"use": "sig"}
    return [
        RSAKey.generate_key(2048, {**named, "kid": f"rsa-{number}"}),
        ECKey.generate_key("P-256", {**named, "kid": f"ec-{number}"}),
    ]


@contextlib.contextmanager
def provider(folder: Path, certificates: Certificates, keys: Sequence[Key], port: int = 0) -> Iterator[str]:
    """Run the provider until the block ends; return its issuer."""
    file = folder / "keys.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=True) for key in keys]}))
    command = [
        "node",
        "oidc_provider.mjs",
        str(port),
        certificates.certificate,
        certificates.key,
        file,
        REDIRECT,
    ]
    with subprocess.Popen(
        command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        try:
            issuer = running.stdout.readline().strip()
            assert issuer, running.stderr.read()
            yield issuer
        finally:
            running.kill()


def sign_in(issuer: str, certificates: Certificates, name: str, client_id: str = "app") -> str:
    """Go through the provider's own pages as a browser would; return the ID token."""
    trust = ssl.create_default_context(cafile=certificates.authority)
    with httpx.Client(verify=trust, timeout=20) as browser:
        asked = {
            "client_id": client_id,
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": REDIRECT,
            "nonce": "once",
        }
        answer = browser.get(f"{issuer}/auth", params=asked)
        for fields in ({"prompt": "login", "login": name, "password": "any"}, {"prompt": "consent"}):
            page = follow(browser, answer)
            action = re.search(r'action="([^"]+)"', page.text)
            assert action is not None, page.text
            answer = browser.post(urljoin(str(page.url), action[1]), data=fields)
        code = parse_qs(urlsplit(followed(browser, answer)).query)["code"][0]
        told = browser.post(
            f"{issuer}/token",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT},
            auth=(client_id, SECRET.replace(" ", "%20")),
        )
        token: str = told.raise_for_status().json()["id_token"]
        return token


def follow(browser: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """Follow redirects within the provider to a page."""
    while answer.is_redirect:
        answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
    return answer.raise_for_status()


def followed(browser: httpx.Client, answer: httpx.Response) -> str:
    """Follow redirects until one leads back to the application; return its address."""
    while not answer.headers["location"].startswith(REDIRECT):
        answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
    return str(answer.headers["location"])


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificates]:
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.authority))
        yield made


def federated(place: Place, issuer: str, subject: str) -> tuple[Any, dict[str, Any]]:
    """Register the provider and make a role for one of its people; return an STS client and what it is asked."""
    made = place.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["app", "curve"])
    key = issuer.removeprefix("https://")
    role = place.role(
        "people",
        trusting(
            {"Federated": made["OpenIDConnectProviderArn"]},
            WEB,
            Condition={"StringEquals": {f"{key}:sub": subject, f"{key}:aud": ["app", "curve"]}},
        ),
    )
    permissions = document(statement("Allow", "iam:ListRoles"))
    place.iam.put_role_policy(RoleName="people", PolicyName="p", PolicyDocument=permissions)
    sts = boto3.client(
        "sts",
        endpoint_url=place.server.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )
    return sts, {"RoleArn": role, "RoleSessionName": "browser"}


def test_signing_in_leads_to_credentials_that_call(
    place: Place, certificates: Certificates, tmp_path: Path
) -> None:
    with provider(tmp_path, certificates, signing_keys(1)) as issuer:
        sts, asked = federated(place, issuer, "jane")
        for client_id in ("app", "curve"):
            token = sign_in(issuer, certificates, "jane", client_id)
            answer = sts.assume_role_with_web_identity(**asked, WebIdentityToken=token)
            assert answer["SubjectFromWebIdentityToken"] == "jane"
            assert answer["Audience"] == client_id
            iam = place.client("iam", answer["Credentials"])
            assert allowed(iam.list_roles)
            assert not allowed(iam.list_users)
        stranger = sign_in(issuer, certificates, "mallory")
        assert (
            refusal(sts.assume_role_with_web_identity, **asked, WebIdentityToken=stranger)[1]
            == "AccessDenied"
        )


def test_keys_at_hand_outlive_the_provider_and_new_ones_are_found_when_it_is_back(
    place: Place, certificates: Certificates, tmp_path: Path
) -> None:
    with provider(tmp_path, certificates, signing_keys(1)) as issuer:
        sts, asked = federated(place, issuer, "jane")
        old = sign_in(issuer, certificates, "jane")
        sts.assume_role_with_web_identity(**asked, WebIdentityToken=old)
    sts.assume_role_with_web_identity(**asked, WebIdentityToken=old)
    port = urlsplit(issuer).port
    assert port is not None
    with provider(tmp_path, certificates, signing_keys(2), port) as issuer:
        new = sign_in(issuer, certificates, "jane")
        sts.assume_role_with_web_identity(**asked, WebIdentityToken=new)
        answer = refusal(sts.assume_role_with_web_identity, **asked, WebIdentityToken=old)
        assert answer[2].startswith("Couldn't retrieve verification key")
