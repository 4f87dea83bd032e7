"""docs/federation.md is true: its trust policies let in the tokens they are written for, and no neighbour of theirs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from places import Place, refusal, trusting
from serving import Server, serving
from vestry.access.proof import Issuer
from vestry.credentials.issuer_keys import KeySet, read_keys
from vestry.idp.keys import KeyRing, new_key
from vestry.idp.tokens import Wish, token
from vestry.server import run
from vestry.server.issuers import IssuerKeys
from vestry.server.log import Log

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "federation.md").read_text()
RING = KeyRing((new_key("ES256"),))


async def keys_of_everybody(issuer: Issuer) -> KeySet:
    """Every issuer on earth has this key: what is tested is what their tokens give."""
    return read_keys(RING.published())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "IssuerKeys", lambda log: IssuerKeys(Log(None), keys_of_everybody))
        with serving(tmp_path_factory.mktemp("data")) as running:
            yield running


def policy_of(heading: str) -> dict[str, Any]:
    """The trust policy under a heading of the page."""
    section = PAGE.partition(f"\n### {heading}\n")[2]
    written = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert written is not None, heading
    found: dict[str, Any] = json.loads(written[1])
    return found


SHAPES = [
    (
        "GitHub Actions",
        "https://token.actions.githubusercontent.com",
        "repo:org/app:ref:refs/heads/main",
        [{"subject": "repo:org/app:ref:refs/heads/other"}, {"claims": {"repository_id": "1002"}}],
    ),
    (
        "GitLab",
        "https://gitlab.com",
        "project_path:group/app:ref_type:branch:ref:main",
        [
            {"subject": "project_path:group/apps:ref_type:branch:ref:main"},
            {"claims": {"ref_protected": "false"}},
        ],
    ),
    (
        "Kubernetes service accounts",
        "https://kubernetes.internal:6443",
        "system:serviceaccount:shop:cart",
        [{"subject": "system:serviceaccount:shop:till"}, {"subject": "system:serviceaccount:shops:cart"}],
    ),
    (
        "Google",
        "https://accounts.google.com",
        "110169484474386276334",
        [{"subject": "110169484474386276335"}],
    ),
]


@pytest.mark.parametrize(
    ("heading", "issuer", "subject", "neighbours"), SHAPES, ids=[row[0] for row in SHAPES]
)
def test_a_documented_trust_policy(
    place: Place, heading: str, issuer: str, subject: str, neighbours: list[dict[str, Any]]
) -> None:
    place.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    policy = json.dumps(policy_of(heading)).replace("111122223333", place.number)
    role = place.role("documented", policy)
    sts = boto3.client(
        "sts",
        endpoint_url=place.server.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )

    def asked(**more: Any) -> dict[str, Any]:
        wish = Wish(**({"issuer": issuer, "subject": subject, "audience": ("sts.amazonaws.com",)} | more))
        text = token(wish, RING.current, int(time.time()), "id")
        return {"RoleArn": role, "RoleSessionName": "job", "WebIdentityToken": text}

    answer = sts.assume_role_with_web_identity(**asked())
    assert answer["SubjectFromWebIdentityToken"] == subject
    assert answer["Audience"] == "sts.amazonaws.com"
    for other in neighbours:
        assert refusal(sts.assume_role_with_web_identity, **asked(**other))[1] == "AccessDenied", other
    elsewhere = refusal(sts.assume_role_with_web_identity, **asked(wrong_audience=True))
    assert elsewhere[2] == "Incorrect token audience"


def test_an_sdk_follows_the_documented_profile(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = "https://idp.internal:8443/realms/main"
    made = place.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["my-app"])
    trust = trusting({"Federated": made["OpenIDConnectProviderArn"]}, "sts:AssumeRoleWithWebIdentity")
    role = place.role("deploy", trust)
    file = tmp_path / "token"
    wish = Wish(issuer=issuer, subject="ci", audience=("my-app",))
    file.write_text(token(wish, RING.current, int(time.time()), "id") + "\n")
    written = re.search(r"```ini\n(.*?)```", PAGE, re.DOTALL)
    assert written is not None
    config = tmp_path / "config"
    config.write_text(
        written[1]
        .replace("arn:aws:iam::111122223333:role/deploy", role)
        .replace("/var/run/secrets/token", str(file))
        .replace("http://127.0.0.1:4566", place.server.endpoint)
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    caller = boto3.Session(profile_name="ci").client("sts").get_caller_identity()
    assert caller["Arn"].startswith(f"arn:aws:sts::{place.number}:assumed-role/deploy/")


def test_a_policy_that_lets_in_all_of_github_is_refused(place: Place) -> None:
    issuer = "https://token.actions.githubusercontent.com"
    place.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    policy = policy_of("GitHub Actions")
    policy["Statement"][0]["Condition"]["StringEquals"].pop("token.actions.githubusercontent.com:sub")
    text = json.dumps(policy).replace("111122223333", place.number)
    answer = refusal(place.iam.create_role, RoleName="open", AssumeRolePolicyDocument=text)
    assert answer[1] == "MalformedPolicyDocument"
