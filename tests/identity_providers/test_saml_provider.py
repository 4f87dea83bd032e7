"""A real SAML provider: sign in there, take its response to STS, use the credentials."""

from __future__ import annotations

import contextlib
import html
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from places import Place, allowed, document, refusal, statement, trusting
from saml_documents import AWS, Signer, signer

HERE = Path(__file__).parent
PASSWORD = "open sesame"
GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"


def private(of: Signer) -> str:
    form, cover = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return of.key.private_bytes(serialization.Encoding.PEM, form, cover).decode()


def public(of: Signer) -> dict[str, str]:
    """Return an encryption certificate as samlp takes it."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return {
        "encryptionCert": of.certificate.public_bytes(encoding).decode(),
        "encryptionPublicKey": of.certificate.public_key().public_bytes(encoding, form).decode(),
    }


@contextlib.contextmanager
def provider(place: Place, attributes: dict[str, Any], **options: Any) -> Iterator[str]:
    """Run the provider until the block ends; return its address."""
    by = signer()
    settings = {
        "users": {"alice": {"password": PASSWORD, "attributes": attributes}},
        "recipient": f"{place.server.endpoint}/saml",
        "audience": "urn:amazon:webservices",
        "options": {
            "key": private(by),
            "cert": by.certificate.public_bytes(serialization.Encoding.PEM).decode(),
            **options,
        },
    }
    with subprocess.Popen(
        ["node", "saml_provider.mjs"],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        try:
            running.stdin.write(json.dumps(settings))
            running.stdin.close()
            address = running.stdout.readline().strip()
            assert address, running.stderr.read()
            yield address
        finally:
            running.kill()


def sign_in(address: str, password: str = PASSWORD) -> httpx.Response:
    """Go through the provider's pages as a browser would; return the page that posts the response."""
    with httpx.Client(follow_redirects=True, timeout=20) as browser:
        page = browser.get(f"{address}/sso")
        action = re.search(r'action="([^"]+)"', page.text)
        assert action is not None, page.text
        given = {"user": "alice", "password": password}
        return browser.post(urljoin(address, action[1]), data=given)


def hidden(page: httpx.Response) -> tuple[str, str]:
    """Return where the page posts the response, and the response."""
    action = re.search(r'action="([^"]+)"', page.text)
    value = re.search(r'name="SAMLResponse"\s+value="([^"]+)"', page.text)
    assert action is not None, page.text
    assert value is not None, page.text
    return html.unescape(action[1]), html.unescape(value[1])


MODES: list[tuple[str, dict[str, Any]]] = [
    ("the assertion signed", {}),
    ("the response signed", {"signAssertion": False, "signResponse": True}),
    ("both signed", {"signResponse": True}),
    ("signatures with a prefix", {"signResponse": True, "signatureNamespacePrefix": "ds"}),
    ("encrypted with AES-GCM", {"encryptionAlgorithm": GCM}),
    (
        "encrypted with AES-CBC",
        {"encryptionAlgorithm": CBC, "disallowEncryptionWithInsecureAlgorithm": False},
    ),
    ("encrypted in a signed response", {"signResponse": True, "encryptionAlgorithm": GCM}),
]


@pytest.mark.parametrize("options", [row[1] for row in MODES], ids=[row[0] for row in MODES])
def test_the_whole_way_from_signing_in_to_a_call(place: Place, options: dict[str, Any]) -> None:
    """The provider's metadata is registered; alice signs in, her response gives credentials, and they let her call."""
    opener = Signer(rsa.generate_private_key(65537, 2048))
    encrypted = {} if "encryptionAlgorithm" not in options else public(opener)
    arn = place.arn("saml-provider/Real")
    attributes = {
        f"{AWS}Role": [f"{place.arn('role/reader')},{arn}"],
        f"{AWS}RoleSessionName": "alice@example.com",
        f"{AWS}PrincipalTag:team": "blue",
        f"{AWS}SourceIdentity": "alice",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff", "member"],
    }
    with provider(place, attributes, **options, **encrypted) as address:
        more = {"AddPrivateKey": private(opener), "AssertionEncryptionMode": "Required"} if encrypted else {}
        metadata = httpx.get(f"{address}/metadata").text
        place.iam.create_saml_provider(Name="Real", SAMLMetadataDocument=metadata, **more)
        target, response = hidden(sign_in(address))
    condition = {"ForAnyValue:StringEquals": {"saml:eduPersonAffiliation": "staff"}}
    role = place.role("reader", trusting({"Federated": arn}, Condition=condition))
    tagged = statement(
        "Allow", "iam:ListRoles", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    )
    place.iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=document(tagged))

    shown = httpx.post(target, data={"SAMLResponse": response}).text
    assert html.escape(response) in shown  # the page behind /saml hands it over
    sts = boto3.client(
        "sts",
        endpoint_url=place.server.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )
    request = {"RoleArn": role, "PrincipalArn": arn, "SAMLAssertion": response}
    answer = sts.assume_role_with_saml(**request)
    assert (answer["Subject"], answer["SubjectType"]) == ("alice", "persistent")
    assert (answer["Issuer"], answer["Audience"]) == (f"{address}/metadata", target)
    assert answer["SourceIdentity"] == "alice"
    iam = place.client("iam", answer["Credentials"])
    assert allowed(iam.list_roles)
    assert not allowed(iam.list_users)
    caller = place.client("sts", answer["Credentials"]).get_caller_identity()["Arn"]
    assert caller.endswith(":assumed-role/reader/alice@example.com")
    assert refusal(sts.assume_role_with_saml, **request)[1] == "InvalidIdentityToken"


def test_who_does_not_sign_in_gets_no_response(place: Place) -> None:
    with provider(place, {}) as address:
        page = sign_in(address, "wrong")
    assert page.status_code == 401
    assert "SAMLResponse" not in page.text


@pytest.mark.parametrize("weak", [{"signatureAlgorithm": "rsa-sha1"}, {"digestAlgorithm": "sha1"}])
def test_a_provider_that_still_signs_with_sha1_is_refused(place: Place, weak: dict[str, str]) -> None:
    arn = place.arn("saml-provider/Real")
    attributes = {f"{AWS}Role": [f"{place.arn('role/reader')},{arn}"], f"{AWS}RoleSessionName": "alice"}
    with provider(place, attributes, **weak) as address:
        place.iam.create_saml_provider(
            Name="Real", SAMLMetadataDocument=httpx.get(f"{address}/metadata").text
        )
        _, response = hidden(sign_in(address))
    role = place.role("reader", trusting({"Federated": arn}))
    request = {"RoleArn": role, "PrincipalArn": arn, "SAMLAssertion": response}
    expected = (400, "InvalidIdentityToken", "Response signature invalid")
    assert refusal(place.sts.assume_role_with_saml, **request) == expected
