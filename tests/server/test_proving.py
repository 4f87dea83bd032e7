"""Operations without a signature: who calls is known by a proof, and what it lacks is fetched by the pipeline alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from places import Place, refusal, trusting
from vestry.access.authenticate import Keyring, Message
from vestry.access.caller import Caller, Proof, principal_of_provider
from vestry.access.declaration import Ask, Resource
from vestry.access.proof import AtHand, Issuer, Needs, ProvenBy, Submission
from vestry.credentials.vault import Vault
from vestry.directory.entities import Settings
from vestry.directory.snapshot import Account, Root
from vestry.errors import InvalidIdentityToken
from vestry.server.committer import Published
from vestry.server.issuers import IssuerKeys
from vestry.server.log import Log
from vestry.server.proving import Proving
from vestry.services.operation import REGISTRY, Answer, Call, operation

NAME = ("sts", "AssumeRoleWithSAML")
#: Of an account that is hosted nowhere: whether it exists is not asked when a trust policy is written.
PROVIDER = "arn:aws:iam::000000000001:saml-provider/idp"


class Signing:
    """An identity provider of the test's own: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.submissions: list[Submission] = []
        self.threads: list[str] = []

    def prove(self, submission: Submission) -> Caller | Needs:
        self.submissions.append(submission)
        self.threads.append(threading.current_thread().name)
        said = submission.parameters["SAMLAssertion"]
        if said == "unknown-key" and not submission.at_hand.awaited:
            return Needs(Issuer("https://issuer.example"))
        if said != "good":
            raise InvalidIdentityToken("Response signature invalid")
        arn = submission.parameters["PrincipalArn"]
        account = submission.root.accounts[submission.parameters["RoleArn"].split(":")[4]]
        return Caller(
            principal_of_provider(arn), account, "", proof=Proof(arn, "jane", "jane", {"saml:sub": "jane"})
        )

    def on(self, ask: Ask) -> Resource:
        arn = ask.parameters["RoleArn"]
        role: Any = ask.root.principal(arn)
        return Resource(arn, arn, ask.account.id, role.tags, role.trust)

    def run(self, call: Call) -> Answer:
        role = next(iter(call.account.roles.values()))
        call.put(msgspec.structs.replace(role, description="used once"), replacing=role)
        return {"Subject": call.caller.proof.subject if call.caller.proof is not None else None}


@pytest.fixture
def signing() -> Iterator[Signing]:
    provider = Signing()
    present = REGISTRY.pop(NAME, None)
    declared = operation(
        "sts:AssumeRoleWithSAML", on=provider.on, proof=ProvenBy(provider.prove, heavy=True), writes=True
    )
    declared(provider.run)
    yield provider
    del REGISTRY[NAME]
    if present is not None:
        REGISTRY[NAME] = present


@pytest.fixture
def sts(place: Place) -> Any:
    return boto3.client(
        "sts",
        endpoint_url=place.server.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )


def asking(place: Place, assertion: str, role: str) -> dict[str, str]:
    return {"RoleArn": role, "PrincipalArn": PROVIDER, "SAMLAssertion": assertion}


def test_a_trust_policy_alone_decides_about_a_proven_caller(signing: Signing, place: Place, sts: Any) -> None:
    answer = refusal(sts.assume_role_with_saml, **asking(place, "good", place.role("r")))
    assert answer == (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")


def test_a_proof_that_fails_is_the_answer(signing: Signing, place: Place, sts: Any) -> None:
    answer = refusal(sts.assume_role_with_saml, **asking(place, "bad!", place.role("r")))
    assert answer == (400, "InvalidIdentityToken", "Response signature invalid")


def test_what_a_proof_lacks_is_asked_for_once_and_then_it_is_judged_again(
    signing: Signing, place: Place, sts: Any
) -> None:
    answer = refusal(sts.assume_role_with_saml, **asking(place, "unknown-key", place.role("r")))
    assert answer[1] == "InvalidIdentityToken"
    assert [one.at_hand.awaited for one in signing.submissions] == [False, True]
    assert "server" not in signing.threads, "what takes long is done off the event loop"


def test_parameters_are_checked_before_the_proof(signing: Signing, place: Place) -> None:
    keys = place.user("someone")
    answer = place.query(keys, "sts", "AssumeRoleWithSAML", {})
    assert "<Code>ValidationError</Code>" in answer.text
    assert not signing.submissions


def test_a_proven_caller_whom_the_trust_policy_names_gets_an_answer_and_its_change_is_committed(
    signing: Signing, place: Place, sts: Any
) -> None:
    role = place.role("r", trusting({"Federated": PROVIDER}))
    assert sts.assume_role_with_saml(**asking(place, "good", role))["Subject"] == "jane"
    assert place.iam.get_role(RoleName="r")["Role"]["Description"] == "used once"


def test_on_another_root_the_proof_is_judged_again_with_what_it_gave_before() -> None:
    account = Account(Settings("123456789012", "one", "i", 0))
    caller = Caller(principal_of_provider(PROVIDER), account, "", proof=Proof(PROVIDER, "jane", "jane", {}))
    seen: list[Submission] = []

    def prove(submission: Submission) -> Caller:
        seen.append(submission)
        return caller

    sources = IssuerKeys(Log(None))
    given = Submission(
        {},
        Message("POST", "/", b"", {}, b""),
        Root(),
        10,
        20,
        AtHand(sources.keys),
        Keyring(Vault(bytes(32))),
        "https://here.example",
    )
    proving = Proving(ProvenBy(prove), given, sources)
    first, second = Root(1), Root(2)
    assert asyncio.run(proving.first(Published(first))) == (caller, first)
    assert proving.again(second) is caller
    assert [(one.root.revision, one.earlier, one.wall, one.now, one.at_hand.awaited) for one in seen] == [
        (1, None, 10, 20, False),
        (2, caller, 10, 20, True),
    ]
