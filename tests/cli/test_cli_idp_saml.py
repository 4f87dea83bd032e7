"""`vestry idp saml`: a provider that is registered by its metadata like any other, and its broken responses."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from test_cli_idp import serving_idp

from commands import Vestry
from places import Place, allowed, document, refusal, statement, trusting
from saml_documents import AWS, Signer

WHO = ("--session-name", "alice")


class Provider:
    """The built-in provider, registered in an account with a role that trusts it."""

    def __init__(self, place: Place, vestry: Vestry, data: Path, **more: Any) -> None:
        self.place, self.vestry, self.data = place, vestry, str(data)
        metadata = vestry("idp", "metadata", "--data", self.data).out
        made = place.iam.create_saml_provider(Name="local", SAMLMetadataDocument=metadata, **more)
        self.arn: str = made["SAMLProviderArn"]
        self.role = place.role("reader", trusting({"Federated": self.arn}))

    def response(self, *options: str) -> str:
        named = ("--role", self.role, "--provider", self.arn, *WHO, "--data", self.data)
        return self.vestry("idp", "saml", *named, *options).out.strip()

    def asking(self, *options: str) -> dict[str, str]:
        return {"RoleArn": self.role, "PrincipalArn": self.arn, "SAMLAssertion": self.response(*options)}

    def assume(self, *options: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.place.sts.assume_role_with_saml(**self.asking(*options))
        return answer

    def refused(self, *options: str) -> tuple[int, str, str]:
        return refusal(self.place.sts.assume_role_with_saml, **self.asking(*options))


@pytest.fixture
def provider(place: Place, vestry: Vestry, tmp_path: Path) -> Provider:
    return Provider(place, vestry, tmp_path / "idp")


def test_its_responses_give_credentials(provider: Provider) -> None:
    answer = provider.assume()
    assert (answer["Subject"], answer["Issuer"]) == ("alice", "https://localhost:8443/saml/metadata")
    assert answer["Audience"] == "https://signin.aws.amazon.com/saml"
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/reader/alice")


def test_everything_that_can_be_said(provider: Provider) -> None:
    own = f"{provider.place.server.endpoint}/saml"
    answer = provider.assume(
        *("--name-id", "a-1", "--recipient", own, "--audience", own, "--source-identity", "alice"),
        *("--tag", "team=blue", "--tag", "cost=1", "--transitive", "team", "--session-duration", "15m"),
        *("--attribute", "urn:oid:1.3.6.1.4.1.5923.1.1.1.1=staff"),
        *("--attribute", "urn:oid:1.3.6.1.4.1.5923.1.1.1.1=member"),
    )
    assert (answer["Subject"], answer["Audience"], answer["SourceIdentity"]) == ("a-1", own, "alice")
    lasts = answer["Credentials"]["Expiration"].timestamp() - provider.place.server.clock.wall()
    assert 890 <= lasts <= 900
    conditions = {"StringEquals": {"aws:PrincipalTag/team": "blue", "saml:sub": "a-1"}}
    may = document(statement("Allow", "iam:ListRoles", Condition=conditions))
    provider.place.iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=may)
    assert allowed(provider.place.client("iam", answer["Credentials"]).list_roles)
    member = trusting(
        {"Federated": provider.arn},
        Condition={"ForAnyValue:StringEquals": {"saml:eduPersonAffiliation": "member"}},
    )
    provider.place.iam.update_assume_role_policy(RoleName="reader", PolicyDocument=member)
    attribute = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1="
    assert provider.assume("--attribute", f"{attribute}staff", "--attribute", f"{attribute}member")
    assert provider.refused("--attribute", f"{attribute}staff")[1] == "AccessDenied"


BROKEN = [
    ("--expired", "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance"),
    ("--wrong-key", "InvalidIdentityToken", "Response signature invalid"),
    ("--wrong-audience", "InvalidIdentityToken", "Response does not contain the required audience."),
    ("--wrong-recipient", "InvalidIdentityToken", "Response does not contain the required recipient."),
]


@pytest.mark.parametrize(("option", "code", "message"), BROKEN)
def test_broken_ones_are_refused(provider: Provider, option: str, code: str, message: str) -> None:
    assert provider.refused(option) == (400, code, message)


def test_it_encrypts(place: Place, vestry: Vestry, tmp_path: Path) -> None:
    opener = Signer(rsa.generate_private_key(65537, 2048))
    form, cover = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = opener.key.private_bytes(serialization.Encoding.PEM, form, cover).decode()
    certificate = tmp_path / "opener.pem"
    certificate.write_bytes(opener.certificate.public_bytes(serialization.Encoding.PEM))
    more = {"AddPrivateKey": private, "AssertionEncryptionMode": "Required"}
    provider = Provider(place, vestry, tmp_path / "idp", **more)
    assert provider.assume("--encrypt-to", str(certificate))["Subject"] == "alice"
    assert provider.refused()[1] == "InvalidIdentityToken"


def test_the_key_stays_and_is_its_owners(provider: Provider, vestry: Vestry) -> None:
    first = vestry("idp", "metadata", "--data", provider.data).out
    assert vestry("idp", "metadata", "--data", provider.data).out == first
    assert (Path(provider.data) / "saml.pem").stat().st_mode & 0o777 == 0o600


def test_its_key_turns_and_responses_of_either_are_taken(provider: Provider, vestry: Vestry) -> None:
    before = provider.asking()
    said = json.loads(vestry("idp", "rotate", "--data", provider.data, "--json").out)
    assert said["SAMLCertificates"] == 2
    assert provider.refused()[2] == "Response signature invalid"
    metadata = vestry("idp", "metadata", "--data", provider.data).out
    provider.place.iam.update_saml_provider(SAMLProviderArn=provider.arn, SAMLMetadataDocument=metadata)
    assert provider.assume()["Subject"] == "alice"
    assert provider.place.sts.assume_role_with_saml(**before)["Subject"] == "alice"
    for _ in range(3):
        vestry("idp", "rotate", "--data", provider.data)
    metadata = vestry("idp", "metadata", "--data", provider.data).out
    assert metadata.count("X509Certificate>") == 2 * 3
    provider.place.iam.update_saml_provider(SAMLProviderArn=provider.arn, SAMLMetadataDocument=metadata)
    assert provider.assume()["Subject"] == "alice"


@pytest.mark.parametrize("damage", ["a key is missing", "another's certificate"])
def test_keys_that_are_not_the_certificates_are_told(vestry: Vestry, tmp_path: Path, damage: str) -> None:
    vestry("idp", "rotate", "--data", str(tmp_path))
    file = tmp_path / "saml.pem"
    blocks = file.read_text().split("-----BEGIN ")
    kept = (
        blocks[:1] + blocks[2:]
        if damage == "a key is missing"
        else [blocks[0], blocks[1], blocks[4], blocks[3], blocks[2]]
    )
    file.write_text("-----BEGIN ".join(kept))
    said = vestry("idp", "metadata", "--data", str(tmp_path))
    assert said.code == 1
    assert "damaged" in said.err


def test_json(provider: Provider) -> None:
    said = json.loads(provider.response("--json"))
    assert said["Issuer"] == "https://localhost:8443/saml/metadata"
    request = {"RoleArn": provider.role, "PrincipalArn": provider.arn, "SAMLAssertion": said["SAMLAssertion"]}
    assert provider.place.sts.assume_role_with_saml(**request)["Subject"] == "alice"


def test_it_is_named_by_the_url_that_it_is_served_at(provider: Provider, vestry: Vestry) -> None:
    shown = vestry("idp", "metadata", "--data", provider.data, "--issuer", "https://idp.example.com/x/").out
    assert 'entityID="https://idp.example.com/x/saml/metadata"' in shown
    assert 'Location="https://idp.example.com/x/saml/sign-in"' in shown


def test_it_serves_its_metadata(vestry: Vestry, tmp_path: Path) -> None:
    import ssl

    with serving_idp(tmp_path, "--port", "0") as running:
        trusted = ssl.create_default_context(cafile=running.ready["authority"])
        base = running.ready["issuer"]
        with urllib.request.urlopen(f"{base}/saml/metadata", context=trusted) as answer:  # noqa: S310
            assert answer.headers["content-type"] == "application/samlmetadata+xml"
            served = answer.read().decode()
        with urllib.request.urlopen(f"{base}/saml/sign-in", context=trusted) as answer:  # noqa: S310
            assert b"vestry idp saml" in answer.read()
    assert served.strip() == vestry("idp", "metadata", "--data", str(tmp_path)).out.strip()
    assert f'entityID="{base}/saml/metadata"' in served


NAMED = ("idp", "saml", "--role", "arn:aws:iam::111122223333:role/r", "--provider", "arn:x", *WHO)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--transitive", "team"), 2, "--transitive names a tag that --tag does not give"),
        (("--attribute", "words"), 2, "'words' is not of the form NAME=VALUE"),
        (("--tag", "a=\x01"), 2, "characters that XML cannot hold"),
        (("--issuer", "http://x"), 2, "is no issuer"),
        (("--encrypt-to", "nowhere.pem"), 1, "nowhere.pem cannot be read"),
    ],
)
def test_what_cannot_be_said_is_told(
    vestry: Vestry, tmp_path: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    said = vestry(*NAMED, "--data", str(tmp_path), *options)
    assert said.code == code
    assert message in " ".join(said.err.split())


@pytest.mark.parametrize("kind", ["words", "curve"])
def test_a_certificate_that_cannot_be_encrypted_for_is_told(
    vestry: Vestry, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "certificate.pem"
    curve = Signer(ec.generate_private_key(ec.SECP256R1())).certificate
    file.write_bytes(b"words" if kind == "words" else curve.public_bytes(serialization.Encoding.PEM))
    said = vestry(*NAMED, "--data", str(tmp_path), "--encrypt-to", str(file))
    assert said.code == 1
    assert ("no certificate" if kind == "words" else "not of an RSA key") in said.err


def test_a_damaged_key_is_told(vestry: Vestry, tmp_path: Path) -> None:
    (tmp_path / "saml.pem").write_text("words")
    said = vestry("idp", "metadata", "--data", str(tmp_path))
    assert said.code == 1
    assert "damaged" in said.err


def test_attributes_of_aws_can_be_replaced(provider: Provider) -> None:
    assert provider.refused("--attribute", f"{AWS}RoleSessionName=a b")[1] == "InvalidIdentityToken"
