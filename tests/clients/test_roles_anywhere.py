"""docs/roles-anywhere.md is true: its lines of shell and Python are run, with openssl, the AWS CLI and AWS's client."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from iam_rolesanywhere_session import CredentialsRetrievalError, IAMRolesAnywhereSession

from anywhere import Site
from aws_cli import CliClient
from certificates import Certified, authority, issue, rsa_key
from local_tls import secured
from places import Place
from serving import Server
from vestry.wire import model
from warm_cli import aws

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "roles-anywhere.md").read_text()
ENDPOINT, CA_FILE = "localhost:4566", "/path/to/ca.pem"


def blocks(heading: str, language: str) -> list[str]:
    """The blocks of a language under a heading of the page."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server with a certificate, and the file of its authority."""
    with secured(tmp_path_factory.mktemp("secured")) as (server, variables):
        yield server, variables["AWS_CA_BUNDLE"]


@pytest.fixture
def shell(tls: tuple[Server, str], tmp_path: Path) -> Any:
    """Run lines of the page, one after another, in one place; variables that they set stay."""
    server, bundle = tls
    keys = Place(server).keys
    (tmp_path / "config").write_text(
        f"[default]\nregion = us-east-1\nendpoint_url = {server.endpoint}\nca_bundle = {bundle}\n"
    )
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
    }

    def run(*scripts: str) -> dict[str, str]:
        script = "\n".join([*scripts, "declare -p"])
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = dict(re.findall(r'^declare -- (\w+)="(.*)"$', done.stdout, re.MULTILINE))
        environment.update({name: found[name] for name in ("ANCHOR", "ROLE", "PROFILE") if name in found})
        return found

    return run


def test_the_page_from_the_authority_to_the_revocation(
    shell: Any, tls: tuple[Server, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    server, bundle = tls
    shell(*blocks("An authority and a certificate", "sh"))
    variables = shell(*blocks("Trust anchor, role and profile", "sh"))
    (python,) = blocks("On the machine", "python")
    python = python.replace(ENDPOINT, server.endpoint.removeprefix("https://")).replace(CA_FILE, bundle)
    monkeypatch.chdir(tmp_path)
    names = {name: variables[name] for name in ("ANCHOR", "PROFILE", "ROLE")}
    exec(compile(python, "docs/roles-anywhere.md", "exec"), dict(names))  # noqa: S102 - the page is ours
    assert re.search(r":assumed-role/machine/[0-9a-f]+$", capsys.readouterr().out.strip())
    shell(*blocks("Revocation", "sh"))
    with pytest.raises(CredentialsRetrievalError, match="Revoked certificate"):
        exec(compile(python, "docs/roles-anywhere.md", "exec"), dict(names))  # noqa: S102


@pytest.fixture(scope="module")
def site(tls: tuple[Server, str]) -> Site:
    return Site(Place(tls[0]))


def session(site: Site, bundle: str, holder: Certified, *chain: Certified, **more: Any) -> boto3.Session:
    """A session of AWS's client for Python."""
    given: dict[str, Any] = {
        "endpoint": site.place.server.endpoint.removeprefix("https://"),
        "verify": bundle,
        "region": "us-east-1",
        "trust_anchor_arn": site.anchor["trustAnchorArn"],
        "profile_arn": site.profile["profileArn"],
        "role_arn": site.role,
        "certificate": holder.pem.encode(),
        "private_key": holder.key_pem,
        "certificate_chain": "".join(one.pem for one in chain).encode() or None,
    }
    return IAMRolesAnywhereSession(**(given | more)).get_session()


def who(site: Site, found: boto3.Session) -> str:
    arn: str = found.client("sts", endpoint_url=site.place.server.endpoint).get_caller_identity()["Arn"]
    return arn


@pytest.mark.parametrize("key", [None, rsa_key()], ids=["EC", "RSA"])
def test_the_client_for_python_gets_a_session(site: Site, tls: tuple[Server, str], key: Any) -> None:
    holder = site.holder("laptop", key=key, serial=0xABCD)
    assert who(site, session(site, tls[1], holder)).endswith(f":assumed-role/{site.role_name}/abcd")


def test_the_client_is_pointed_here_by_the_environment_alone(
    site: Site, tls: tuple[Server, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", site.place.server.endpoint)
    found = session(site, tls[1], site.holder(), endpoint=None)
    assert f":assumed-role/{site.role_name}/" in found.client("sts").get_caller_identity()["Arn"]


def test_a_chain_of_authorities_is_sent_along(site: Site, tls: tuple[Server, str]) -> None:
    first = authority("first", site.root, key=rsa_key())
    second = authority("second", first)
    holder = issue("deep", second)
    assert f":assumed-role/{site.role_name}/" in who(site, session(site, tls[1], holder, second, first))
    with pytest.raises(CredentialsRetrievalError, match=r"HTTP 403\): Untrusted signing certificate"):
        who(site, session(site, tls[1], holder, first))


def test_a_name_of_ones_own_and_a_shorter_session_are_asked_for(site: Site, tls: tuple[Server, str]) -> None:
    accepting = site.make_profile(acceptRoleSessionName=True)["profileArn"]
    more = {"profile_arn": accepting, "role_session_name": "mine", "session_duration": 900}
    assert who(site, session(site, tls[1], site.holder(), **more)).endswith("/mine")
    with pytest.raises(CredentialsRetrievalError, match="Not authorized to set roleSessionName"):
        who(site, session(site, tls[1], site.holder(), role_session_name="mine"))


def test_who_may_not_is_told_so(site: Site, tls: tuple[Server, str]) -> None:
    stranger = authority("root of the site")
    mixed = Certified(site.holder().certificate, site.holder().key)
    for holder, said in (
        (site.holder(days=(-3, -1)), "Expired certificate"),
        (issue("x", stranger), "Untrusted signing certificate"),
        (mixed, "The request signature we calculated does not match"),
    ):
        with pytest.raises(CredentialsRetrievalError, match=said):
            who(site, session(site, tls[1], holder))


def test_the_command_line_lists_what_there_is(server: Server, tmp_path: Path) -> None:
    place = Place(server)
    site = Site(place)
    cli = CliClient(server.endpoint, tmp_path, "rolesanywhere", place.keys)
    (anchor,) = cli.list_trust_anchors()["trustAnchors"]
    assert anchor["trustAnchorArn"] == site.anchor["trustAnchorArn"]
    (profile,) = cli.list_profiles()["profiles"]
    assert profile["roleArns"] == [site.role]
    cli.disable_trust_anchor(trustAnchorId=anchor["trustAnchorId"])
    assert cli.get_trust_anchor(trustAnchorId=anchor["trustAnchorId"])["trustAnchor"]["enabled"] is False


def test_our_model_gives_the_command_line_the_operation(tmp_path: Path) -> None:
    folder = Path(model.__file__).parent / "models"
    command = ["rolesanywhere", "create-session", "--generate-cli-skeleton", "--region", "us-east-1"]
    done = aws(command, {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AWS_DATA_PATH": str(folder)})
    assert json.loads(done.stdout)["profileArn"] == ""
