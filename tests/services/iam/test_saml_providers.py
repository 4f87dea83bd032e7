"""SAML providers: what may be registered, AWS's words for the rest, and who may do it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from places import Place, allowed, refusal, statement, tags, trusting
from saml_documents import Signer, instant, metadata, signer
from vestry.credentials.saml_metadata import Metadata, read_metadata
from vestry.services.iam import saml_providers

ANOTHER = "https://another.example.com"


@cache
def pem(number: int = 0, bits: int = 2048) -> str:
    """Return a private key of this run; a number is always the same key."""
    key = rsa.generate_private_key(65537, bits)
    form, cover = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, cover).decode()


def register(place: Place, name: str = "Corp", text: str | None = None, **more: Any) -> str:
    made = place.iam.create_saml_provider(Name=name, SAMLMetadataDocument=text or metadata(), **more)
    arn: str = made["SAMLProviderArn"]
    return arn


def get(place: Place, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = place.iam.get_saml_provider(SAMLProviderArn=arn)
    return found


# ── Create, get, list ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_provider_is_shown_as_it_was_registered(place: Place) -> None:
    made = place.iam.create_saml_provider(
        Name="Corp.IdP_1-x", SAMLMetadataDocument=metadata(), Tags=tags(k="v")
    )
    arn = place.arn("saml-provider/Corp.IdP_1-x")
    assert (made["SAMLProviderArn"], made["Tags"]) == (arn, tags(k="v"))
    found = get(place, arn)
    assert found["SAMLMetadataDocument"] == metadata()
    assert found["Tags"] == tags(k="v")
    assert (found["AssertionEncryptionMode"], found["PrivateKeyList"]) == ("Allowed", [])
    assert len(found["SAMLProviderUUID"]) == 26
    assert found["SAMLProviderUUID"].isalnum()
    assert found["ValidUntil"] - found["CreateDate"] == timedelta(days=36525)


@pytest.mark.parametrize("operation", ["create", "update"])
def test_others_are_answered_while_metadata_is_read(
    place: Place, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    arn = register(place)
    reading, answered = threading.Event(), threading.Event()

    def slow(text: str) -> Metadata:
        reading.set()
        assert answered.wait(20), "nobody is answered while metadata is read"
        return read_metadata(text)

    monkeypatch.setattr(saml_providers, "read_metadata", slow)
    text = metadata(entity=ANOTHER)
    act = (
        (lambda: register(place, "Other", text))
        if operation == "create"
        else (lambda: place.iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=text))
    )
    asking = threading.Thread(target=act)
    asking.start()
    try:
        assert reading.wait(20)
        place.sts.get_caller_identity()
        place.user("made-meanwhile")
    finally:
        answered.set()
        asking.join()
    changed = place.arn("saml-provider/Other") if operation == "create" else arn
    assert get(place, changed)["SAMLMetadataDocument"] == text


def test_who_may_not_register_learns_nothing_of_the_metadata(place: Place) -> None:
    nobody = place.client("iam", place.user("nobody"))
    refused = refusal(nobody.create_saml_provider, Name="X", SAMLMetadataDocument="<words>" + "x" * 1000)
    assert refused[1] == "AccessDenied"


def test_the_metadata_says_until_when(place: Place) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    arn = register(place, text=metadata(root=f'validUntil="{instant(int(end.timestamp()))}"'))
    assert get(place, arn)["ValidUntil"] == end
    assert place.iam.list_saml_providers()["SAMLProviderList"][0]["ValidUntil"] == end


def test_all_providers_are_listed_by_name(place: Place) -> None:
    assert place.iam.list_saml_providers()["SAMLProviderList"] == []
    arns = [register(place, name) for name in ("b", "a")]
    listed = place.iam.list_saml_providers()["SAMLProviderList"]
    assert [one["Arn"] for one in listed] == sorted(arns)
    assert all(set(one) == {"Arn", "ValidUntil", "CreateDate"} for one in listed)


@pytest.mark.parametrize("change", ["md:IDPSSODescriptor", "<ds:X509Certificate>", "entityID"])
def test_metadata_that_cannot_be_read_is_refused(place: Place, change: str) -> None:
    text = metadata().replace(change, f"{change}x" if change[0] != "<" else f"{change}!")
    expected = (400, "InvalidInput", "Could not parse metadata")
    assert refusal(place.iam.create_saml_provider, Name="x", SAMLMetadataDocument=text) == expected
    arn = register(place)
    assert refusal(place.iam.update_saml_provider, SAMLProviderArn=arn, SAMLMetadataDocument=text) == expected


def test_metadata_that_has_ended_is_refused(place: Place) -> None:
    text = metadata(root=f'validUntil="{instant(int(datetime.now(UTC).timestamp()) - 5)}"')
    expected = (400, "InvalidInput", "Could not parse metadata")
    assert refusal(place.iam.create_saml_provider, Name="x", SAMLMetadataDocument=text) == expected


def test_a_provider_has_at_most_ten_keys(place: Place) -> None:
    signers = [Signer(ec.generate_private_key(ec.SECP256R1())) for _ in range(11)]
    register(place, text=metadata(*signers[:10]))
    expected = (409, "LimitExceeded", "Cannot exceed quota for KeysPerSAMLProvider: 10")
    assert (
        refusal(place.iam.create_saml_provider, Name="x", SAMLMetadataDocument=metadata(*signers)) == expected
    )


def test_names_are_unique_without_regard_to_case(place: Place) -> None:
    register(place, "Corp")
    assert refusal(place.iam.create_saml_provider, Name="CORP", SAMLMetadataDocument=metadata()) == (
        409,
        "EntityAlreadyExists",
        "SAML provider with name CORP already exists.",
    )


def test_an_account_has_at_most_a_hundred(place: Place) -> None:
    for number in range(100):
        register(place, f"p{number}")
    expected = (409, "LimitExceeded", "Cannot exceed quota for SAMLProvidersPerAccount: 100")
    assert refusal(place.iam.create_saml_provider, Name="x", SAMLMetadataDocument=metadata()) == expected


def test_tag_keys_differ_by_case(place: Place) -> None:
    arn = register(place, Tags=tags(k="1", K="2"))
    place.iam.tag_saml_provider(SAMLProviderArn=arn, Tags=tags(k="3"))
    place.iam.untag_saml_provider(SAMLProviderArn=arn, TagKeys=["K"])
    assert place.iam.list_saml_provider_tags(SAMLProviderArn=arn)["Tags"] == tags(k="3")


# ── What is not there ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("get_saml_provider", {}),
        ("delete_saml_provider", {}),
        ("update_saml_provider", {"AssertionEncryptionMode": "Allowed"}),
        ("tag_saml_provider", {"Tags": tags(k="v")}),
        ("untag_saml_provider", {"TagKeys": ["k"]}),
        ("list_saml_provider_tags", {}),
    ],
)
def test_a_provider_that_does_not_exist_is_not_found(
    place: Place, operation: str, more: dict[str, Any]
) -> None:
    register(place, "Corp")
    call = getattr(place.iam, operation)
    for name in ("corp", "other"):  # an ARN is compared with its case
        arn = place.arn(f"saml-provider/{name}")
        assert refusal(call, SAMLProviderArn=arn, **more) == (
            404,
            "NoSuchEntity",
            f"Manifest not found for arn {arn}",
        )
    assert refusal(call, SAMLProviderArn="x" * 20, **more) == (
        400,
        "ValidationError",
        f"ARN {'x' * 20} is not valid.",
    )


def test_a_deleted_provider_is_gone_and_trust_policies_stay(place: Place) -> None:
    arn = register(place)
    trust = trusting({"Federated": arn}, "sts:AssumeRoleWithSAML")
    place.role("reader", trust)
    place.iam.delete_saml_provider(SAMLProviderArn=arn)
    assert refusal(place.iam.get_saml_provider, SAMLProviderArn=arn)[1] == "NoSuchEntity"
    assert place.iam.get_role(RoleName="reader")["Role"]["AssumeRolePolicyDocument"]["Statement"][0][
        "Principal"
    ] == {"Federated": arn}
    expected = (400, "MalformedPolicyDocument", f'Invalid principal in policy: "FEDERATED":"{arn}"')
    assert refusal(place.iam.create_role, RoleName="other", AssumeRolePolicyDocument=trust) == expected


def test_a_trust_policy_names_a_provider_with_its_case(place: Place) -> None:
    arn = register(place, "Corp").replace("Corp", "corp")
    trust = trusting({"Federated": arn}, "sts:AssumeRoleWithSAML")
    assert (
        refusal(place.iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust)[1]
        == "MalformedPolicyDocument"
    )


# ── Update ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_metadata_is_replaced_and_the_rest_stays(place: Place) -> None:
    arn = register(place, Tags=tags(k="v"))
    before, text = get(place, arn), metadata(signer("other"), entity=ANOTHER)
    assert (
        place.iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=text)["SAMLProviderArn"]
        == arn
    )
    after = get(place, arn)
    assert after["SAMLMetadataDocument"] == text
    for name in ("SAMLProviderUUID", "CreateDate", "Tags", "AssertionEncryptionMode"):
        assert after[name] == before[name]


def test_an_update_of_nothing_is_refused(place: Place) -> None:
    message = (
        "Unable to update identity provider. No updates are defined for metadata or encryption assertion."
    )
    expected = (400, "InvalidInput", message)
    assert refusal(place.iam.update_saml_provider, SAMLProviderArn=register(place)) == expected


# ── Encryption ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_private_keys_are_added_listed_and_removed(place: Place) -> None:
    arn = register(place, AddPrivateKey=pem(1), AssertionEncryptionMode="Required")
    place.iam.update_saml_provider(SAMLProviderArn=arn, AddPrivateKey=pem(2))
    found = get(place, arn)
    assert found["AssertionEncryptionMode"] == "Required"
    first, second = (key["KeyId"] for key in found["PrivateKeyList"])
    assert first != second
    assert all(len(key) == 26 and key.isalnum() for key in (first, second))
    assert all(key["Timestamp"] >= found["CreateDate"] for key in found["PrivateKeyList"])
    place.iam.update_saml_provider(SAMLProviderArn=arn, RemovePrivateKey=first)
    assert [key["KeyId"] for key in get(place, arn)["PrivateKeyList"]] == [second]


def test_a_private_key_is_never_shown_nor_stored_in_the_clear(place: Place) -> None:
    text = pem(3)
    arn = register(place, AddPrivateKey=text)
    body = text.splitlines()[5]
    assert body not in str(get(place, arn))
    assert body not in place.server.log.getvalue()
    stored = b"".join(path.read_bytes() for path in place.server.data.iterdir() if path.is_file())
    assert arn.rpartition("/")[2].encode() in stored
    assert body.encode() not in stored


def test_a_provider_has_at_most_two_private_keys(place: Place) -> None:
    arn = register(place, AddPrivateKey=pem(1))
    place.iam.update_saml_provider(SAMLProviderArn=arn, AddPrivateKey=pem(2))
    expected = (409, "LimitExceeded", "Private key limit of 2 is reached.")
    assert refusal(place.iam.update_saml_provider, SAMLProviderArn=arn, AddPrivateKey=pem(3)) == expected


def test_what_is_no_private_key_is_refused(place: Place) -> None:
    arn, expected = register(place), (400, "InvalidInput", "Invalid private key.")
    for text in ("words", pem(4, 1024)):
        assert refusal(place.iam.update_saml_provider, SAMLProviderArn=arn, AddPrivateKey=text) == expected
        more = {"Name": "x", "SAMLMetadataDocument": metadata(), "AddPrivateKey": text}
        assert refusal(place.iam.create_saml_provider, **more) == expected


def test_encryption_cannot_be_required_without_a_key(place: Place) -> None:
    arn, required = register(place), {"AssertionEncryptionMode": "Required"}
    message = "Unable to set assertion encryption mode to Required because no private key is provided."
    expected = (400, "InvalidInput", message)
    assert refusal(place.iam.update_saml_provider, SAMLProviderArn=arn, **required) == expected
    made = {"Name": "x", "SAMLMetadataDocument": metadata()}
    assert refusal(place.iam.create_saml_provider, **made, **required) == expected
    place.iam.update_saml_provider(SAMLProviderArn=arn, AddPrivateKey=pem(1), **required)
    key = get(place, arn)["PrivateKeyList"][0]["KeyId"]
    expected = (400, "InvalidInput", "Failed to remove private key.")
    assert refusal(place.iam.update_saml_provider, SAMLProviderArn=arn, RemovePrivateKey=key) == expected
    place.iam.update_saml_provider(
        SAMLProviderArn=arn, RemovePrivateKey=key, AssertionEncryptionMode="Allowed"
    )
    assert get(place, arn)["PrivateKeyList"] == []


def test_a_key_that_is_not_there_cannot_be_removed(place: Place) -> None:
    message = "Failed to remove private key because the Key ID does not match a private key."
    expected = (400, "InvalidInput", message)
    arn = register(place, AddPrivateKey=pem(1))
    assert refusal(place.iam.update_saml_provider, SAMLProviderArn=arn, RemovePrivateKey="A" * 26) == expected


def test_keys_are_not_added_and_removed_at_once(place: Place) -> None:
    arn = register(place, AddPrivateKey=pem(1))
    key = get(place, arn)["PrivateKeyList"][0]["KeyId"]
    message = "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters."
    more = {"AddPrivateKey": pem(2), "RemovePrivateKey": key}
    assert refusal(place.iam.update_saml_provider, SAMLProviderArn=arn, **more) == (
        400,
        "InvalidInput",
        message,
    )


def test_an_update_that_is_refused_changes_nothing(place: Place) -> None:
    arn = register(place)
    more = {"SAMLMetadataDocument": metadata(entity=ANOTHER), "AddPrivateKey": "words"}
    assert refusal(place.iam.update_saml_provider, SAMLProviderArn=arn, **more)[1] == "InvalidInput"
    assert get(place, arn)["SAMLMetadataDocument"] == metadata()


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_permission_is_by_the_providers_arn_and_tags(place: Place) -> None:
    mine, other = register(place, "mine", Tags=tags(team="a")), register(place, "other", Tags=tags(team="b"))
    for number, (resource, condition) in enumerate(
        ((mine, {}), ("*", {"Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}}))
    ):
        keys = place.user(f"u{number}", statement("Allow", "iam:GetSAMLProvider", resource, **condition))
        iam = place.client("iam", keys)
        assert allowed(iam.get_saml_provider, SAMLProviderArn=mine)
        assert not allowed(iam.get_saml_provider, SAMLProviderArn=other)


def test_creating_with_tags_asks_for_tagging_as_well(place: Place) -> None:
    may = statement("Allow", "iam:CreateSAMLProvider", place.arn("saml-provider/New*"))
    iam = place.client("iam", place.user("ann", may))
    more = {"SAMLMetadataDocument": metadata()}
    assert allowed(iam.create_saml_provider, Name="New1", **more)
    assert not allowed(iam.create_saml_provider, Name="Old1", **more)
    code, _, message = refusal(iam.create_saml_provider, Name="New2", Tags=tags(k="v"), **more)
    assert code == 403
    assert f"iam:TagSAMLProvider on resource: {place.arn('saml-provider/New2')}" in message
    keyed = statement("Allow", "iam:*", Condition={"StringEquals": {"aws:RequestTag/k": "v"}})
    iam = place.client("iam", place.user("bob", keyed))
    assert allowed(iam.create_saml_provider, Name="New2", Tags=tags(k="v"), **more)
    assert not allowed(iam.create_saml_provider, Name="New3", Tags=tags(k="w"), **more)


def test_listing_names_all_providers(place: Place) -> None:
    iam = place.client("iam", place.user("ann"))
    _, _, message = refusal(iam.list_saml_providers)
    assert f"iam:ListSAMLProviders on resource: {place.arn('saml-provider/*')}" in message
