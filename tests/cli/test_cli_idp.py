"""`vestry idp`: a provider that is served, registered and used like any other, and its broken tokens."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from commands import Vestry
from issuers import Certificates
from places import Place, refusal, trusting

SUBJECT = "repo:org/app:ref:refs/heads/main"


class Idp(NamedTuple):
    """A running `vestry idp serve`."""

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]
    data: Path


@contextlib.contextmanager
def serving_idp(data: Path, *options: str) -> Iterator[Idp]:
    command = [sys.executable, "-m", "vestry.cli", "idp", "serve", "--json", "--data", str(data), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        try:
            line = running.stdout.readline()
            assert line, running.stderr.read() if running.stderr is not None else ""
            yield Idp(running, json.loads(line), data)
        finally:
            running.terminate()
            running.wait(20)


@pytest.fixture(scope="module")
def idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    with serving_idp(tmp_path_factory.mktemp("idp"), "--port", "0") as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def trusted(idp: Idp) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", idp.ready["authority"])
        yield


@pytest.fixture
def asking(place: Place, idp: Idp) -> dict[str, Any]:
    """A role that trusts the provider, and what an AssumeRoleWithWebIdentity on it says beside the token."""
    made = place.iam.create_open_id_connect_provider(
        Url=idp.ready["issuer"], ClientIDList=["sts.amazonaws.com"]
    )
    provider = made["OpenIDConnectProviderArn"]
    key = f"{idp.ready['issuer'].removeprefix('https://')}:sub"
    trust = trusting(
        {"Federated": provider},
        ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition={"StringEquals": {key: SUBJECT}},
    )
    return {"RoleArn": place.role("ci", trust), "RoleSessionName": "run"}


@pytest.fixture
def sts(place: Place) -> Any:
    return boto3.client(
        "sts",
        endpoint_url=place.server.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )


def minted(vestry: Vestry, data: Path, *options: str) -> str:
    said = vestry(
        "idp", "token", "--sub", SUBJECT, "--aud", "sts.amazonaws.com", "--data", str(data), *options
    )
    assert said.code == 0, said.err
    return said.out.strip()


def test_the_whole_way(place: Place, idp: Idp, asking: dict[str, Any], sts: Any, vestry: Vestry) -> None:
    text = minted(vestry, idp.data, "--tag", "team=red", "--transitive", "team", "--source-identity", "jane")
    answer = sts.assume_role_with_web_identity(**asking, WebIdentityToken=text)
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["SourceIdentity"] == "jane"
    assert answer["PackedPolicySize"] > 0
    caller = place.client("sts", answer["Credentials"]).get_caller_identity()
    assert caller["Arn"].endswith(":assumed-role/ci/run")


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("--expired", "ExpiredTokenException"),
        ("--wrong-audience", "InvalidIdentityToken"),
        ("--wrong-key", "InvalidIdentityToken"),
    ],
)
def test_broken_tokens_are_refused(
    idp: Idp, asking: dict[str, Any], sts: Any, vestry: Vestry, option: str, code: str
) -> None:
    text = minted(vestry, idp.data, option)
    assert refusal(sts.assume_role_with_web_identity, **asking, WebIdentityToken=text)[1] == code
    sound = minted(vestry, idp.data)
    assert sts.assume_role_with_web_identity(**asking, WebIdentityToken=sound)


def test_another_subject_is_trusted_no_more_than_the_trust_policy_says(
    idp: Idp, asking: dict[str, Any], sts: Any, vestry: Vestry
) -> None:
    said = vestry(
        *("idp", "token", "--sub", "repo:org/other:ref:refs/heads/main", "--aud", "sts.amazonaws.com"),
        *("--data", str(idp.data)),
    )
    answer = refusal(sts.assume_role_with_web_identity, **asking, WebIdentityToken=said.out.strip())
    assert answer[1] == "AccessDenied"


def test_a_new_key_signs_and_the_old_ones_stay_published(
    idp: Idp, asking: dict[str, Any], sts: Any, vestry: Vestry
) -> None:
    before = minted(vestry, idp.data)
    said = vestry("idp", "rotate", "--alg", "ES256", "--data", str(idp.data), "--json")
    ids = json.loads(said.out)["Published"]
    assert published(idp) == ids
    after = minted(vestry, idp.data)
    assert before.split(".")[0] != after.split(".")[0]
    for text in (after, before):
        assert sts.assume_role_with_web_identity(**asking, WebIdentityToken=text)
    for _ in range(3):
        vestry("idp", "rotate", "--data", str(idp.data))
    assert len(published(idp)) == 3
    assert not set(ids) & set(published(idp))


def published(idp: Idp) -> list[str]:
    """The ids of the keys that the running provider publishes."""
    context = ssl.create_default_context(cafile=idp.ready["authority"])
    with urllib.request.urlopen(idp.ready["issuer"] + "/keys", context=context) as answer:  # noqa: S310
        return [key["kid"] for key in json.load(answer)["keys"]]


def test_only_its_documents_are_served_and_no_secret_is_among_them(idp: Idp) -> None:
    context = ssl.create_default_context(cafile=idp.ready["authority"])
    for path, method, status in (("/keys.json", "GET", 404), ("/keys", "POST", 405), ("/", "GET", 404)):
        request = urllib.request.Request(idp.ready["issuer"] + path, method=method)  # noqa: S310
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, context=context)  # noqa: S310
        assert caught.value.code == status
    with urllib.request.urlopen(idp.ready["issuer"] + "/keys", context=context) as answer:  # noqa: S310
        assert all("d" not in key for key in json.load(answer)["keys"])


def test_what_it_keeps_is_for_its_owners_eyes_only(idp: Idp) -> None:
    for file in idp.data.rglob("*"):
        if file.is_file():
            assert file.stat().st_mode & 0o077 == 0, file
    assert not list(idp.data.rglob("ca.key"))


def test_it_stops_when_it_is_told_to_and_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vestry.cli", "idp", "serve", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = []
        while not lines or lines[-1] != "Ready.\n":
            lines.append(running.stdout.readline())
            assert lines[-1], lines
        running.terminate()
        assert running.wait(20) == 0
    text = "".join(lines)
    assert f"SSL_CERT_FILE={tmp_path / 'tls' / 'ca.pem'} vestry serve" in text
    assert "aws iam create-open-id-connect-provider --url https://localhost:" in text


def test_a_certificate_and_an_issuer_of_ones_own(tmp_path: Path, vestry: Vestry) -> None:
    certificates = Certificates(tmp_path)
    pair = ("--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key))
    issuer = "https://idp.example.com/realms/main"
    with serving_idp(tmp_path / "idp", "--port", "0", "--issuer", issuer, *pair) as running:
        assert running.ready == {
            "event": "ready",
            "issuer": issuer,
            "data": str(tmp_path / "idp"),
            "authority": None,
        }
        assert not (tmp_path / "idp" / "tls").exists()
    said = vestry("idp", "token", "--sub", "x", "--aud", "a", "--data", str(tmp_path / "idp"), "--json")
    assert json.loads(said.out)["Claims"]["iss"] == issuer


def test_the_folder_may_be_said_by_the_environment(
    tmp_path: Path, vestry: Vestry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VESTRY_IDP_DATA", str(tmp_path / "here"))
    assert vestry("idp", "token", "--sub", "x", "--aud", "a").code == 0
    assert (tmp_path / "here" / "keys.json").exists()


@pytest.mark.parametrize("name", ["keys.json", "provider.json"])
def test_a_damaged_folder_is_said_to_be_one(tmp_path: Path, vestry: Vestry, name: str) -> None:
    (tmp_path / name).write_text("{")
    said = vestry("idp", "token", "--sub", "x", "--aud", "a", "--data", str(tmp_path))
    assert said.code == 1
    assert "damaged" in said.err
    (tmp_path / name).write_text('{"keys":[]}')
    assert vestry("idp", "token", "--sub", "x", "--aud", "a", "--data", str(tmp_path)).code == 1


def test_a_folder_that_cannot_be_written(vestry: Vestry, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = vestry("idp", "token", "--sub", "x", "--aud", "a", "--data", str(tmp_path / "file" / "idp"))
    assert said.code == 1
    assert "cannot be used" in said.err


@pytest.mark.parametrize(
    "options",
    [
        ("token", "--sub", "x"),
        ("token", "--sub", "x", "--aud", "a", "--shape", "unheard"),
        ("token", "--sub", "x", "--aud", "a", "--claim", "novalue"),
        ("token", "--sub", "x", "--aud", "a", "--transitive", "team"),
        ("token", "--sub", "x", "--aud", "a", "--issuer", "http://idp.example.com"),
        ("token", "--sub", "x", "--aud", "a", "--issuer", "https://a:b@idp.example.com"),
        ("token", "--sub", "x", "--aud", "a", "--lifetime", "soon"),
        ("rotate", "--alg", "HS256"),
        ("rotate", "--alg", "none"),
        ("serve", "--tls-cert", "server.pem"),
        ("serve", "--issuer", "idp.example.com"),
    ],
)
def test_usage_errors(tmp_path: Path, vestry: Vestry, options: tuple[str, ...]) -> None:
    said = vestry("idp", *options, "--data", str(tmp_path / "idp"))
    assert said.code == 2, said
    assert not (tmp_path / "idp").exists()


def test_an_address_that_is_taken(tmp_path: Path, idp: Idp, vestry: Vestry) -> None:
    port = idp.ready["issuer"].rpartition(":")[2]
    said = vestry("idp", "serve", "--port", port, "--data", str(tmp_path))
    assert said.code == 1
    assert f"127.0.0.1:{port} cannot be used: " in said.err
    assert os.listdir(tmp_path) == []
