"""Who presents a SAML response, as it is judged once more inside the committer: by what the earlier proof rests on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from saml_documents import AWS, NOW, Signer, metadata, signed_response, signer
from vestry import limits
from vestry.access.authenticate import Keyring, Message
from vestry.access.proof import AtHand, Submission
from vestry.access.saml_identity import prove_saml
from vestry.credentials.saml_metadata import read_metadata
from vestry.credentials.vault import Vault
from vestry.directory.entities import Settings
from vestry.directory.providers import SamlProvider
from vestry.directory.snapshot import Root, assemble
from vestry.errors import InvalidIdentityToken

NUMBER = "123456789012"
ROLE, PROVIDER = f"arn:aws:iam::{NUMBER}:role/work", f"arn:aws:iam::{NUMBER}:saml-provider/Corp"


def root(by: Signer | None = None) -> Root:
    """An account with a provider that signs with the key of a signer."""
    found = read_metadata(metadata(by or signer()))
    provider = SamlProvider(NUMBER, "Corp", "UNIQUE", 0, "", found.entity_id, found.certificates)
    return assemble([Settings(NUMBER, "a", "i", 0), provider], 1)


def submission(**more: Any) -> Submission:
    given = {f"{AWS}Role": [f"{ROLE},{PROVIDER}"], f"{AWS}RoleSessionName": ["alice"]}
    parameters = {"RoleArn": ROLE, "PrincipalArn": PROVIDER, "SAMLAssertion": signed_response(given=given)}
    known: dict[str, Any] = {"parameters": parameters, "root": root(), "wall": NOW, "now": NOW}
    known |= {"message": Message("POST", "/", b"", {}, b""), "at_hand": AtHand(lambda _: None)}
    known |= {"keyring": Keyring(Vault(bytes(32))), "public_url": ""}
    return Submission(**(known | more))


def test_an_assertion_is_remembered_for_as_long_as_it_could_be_presented() -> None:
    proof = prove_saml(submission()).proof
    assert proof is not None
    assert proof.spent is not None
    assert proof.spent.until == NOW + limits.SAML_REDEEM_SECONDS


def test_a_proof_stands_while_its_provider_does() -> None:
    first = submission()
    proved = prove_saml(first)
    text = {**first.parameters, "SAMLAssertion": "it is not read again"}
    again = msgspec.structs.replace(first, parameters=text, earlier=proved)
    assert prove_saml(again).proof == proved.proof


def test_a_provider_that_was_changed_meanwhile_is_asked_anew() -> None:
    first = submission()
    again = msgspec.structs.replace(first, root=root(signer("other")), earlier=prove_saml(first))
    with pytest.raises(InvalidIdentityToken, match="Response signature invalid"):
        prove_saml(again)
