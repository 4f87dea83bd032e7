"""`vestry pod-identity-agent`: pods of a node find credentials by environment variables alone, and refusals say why."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import CredentialRetrievalError

from commands import Vestry
from issuers import Certificates, issuing
from machine import Machine
from places import document, statement, trusting
from pods import Cluster
from serving import Server, serving
from vestry.cli.agent_credentials import FINAL, MOST_TOKENS, Kept, PodCredentials, Refused
from vestry.cli.agent_door import Door, check_host, check_token
from vestry.server.metadata_places import MetadataPlace


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data"), metadata=(MetadataPlace("127.0.0.1", 0),)) as running:
        yield running


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    certificates = Certificates(tmp_path)
    with issuing(certificates) as issuer:
        yield Cluster(server, issuer, certificates.thumbprint())


@contextlib.contextmanager
def running(cluster: Cluster, **environment: str) -> Iterator[str]:
    """Run the agent as a node does whose credentials are in its environment; yield the URI that pods ask at."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VESTRY_"))
    }
    given = {
        "AWS_ENDPOINT_URL": cluster.server.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": cluster.node["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": cluster.node["SecretAccessKey"],
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    } | environment
    command = [sys.executable, "-m", "vestry.cli", "pod-identity-agent", "--cluster", "prod"]
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--json"],
        env=inherited | {name: value for name, value in given.items() if value},
        stdout=subprocess.PIPE,
    ) as agent:
        try:
            assert agent.stdout is not None
            (url,) = json.loads(agent.stdout.readline())["urls"]
            yield url
        finally:
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(20) == 0


def ask(url: str, token: str, **headers: str) -> tuple[int, str]:
    """Ask as a pod does; return status and body."""
    endpoint, _, path = url.partition("/v1")
    answer = Machine(endpoint).send("GET", f"/v1{path}", {"Authorization": token} | headers)
    return answer.status, answer.text


def test_a_pod_finds_its_credentials_by_variables_alone(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.associate()
    (tmp_path / "token").write_text(cluster.token())
    with running(cluster) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ENDPOINT_URL", cluster.server.endpoint)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        session = botocore.session.get_session()
        me = session.create_client("sts", region_name="us-east-1").get_caller_identity()["Arn"]
        assert f"{cluster.place.number}:assumed-role/App/eks-prod-till-6d4cf-" in me
        assert session.get_credentials().method == "container-role"
        done = subprocess.run(
            [sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--output", "json"],
            env=os.environ | {"AWS_DEFAULT_REGION": "us-east-1"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert json.loads(done.stdout)["Arn"] == me, "the agent keeps credentials: both asked with one token"


def test_it_signs_with_the_role_of_its_instance(cluster: Cluster) -> None:
    cluster.associate()
    place, name = cluster.place, "node"
    place.role(name, trusting({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole"))
    allowed = document(statement("Allow", "eks-auth:AssumeRoleForPodIdentity", cluster.arn))
    place.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allowed)
    place.iam.create_instance_profile(InstanceProfileName=name)
    place.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    place.client("ec2", place.keys).run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": name},
        PrivateIpAddress="127.0.0.1",
    )
    no_keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": ""}
    metadata = {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": cluster.server.metadata[0],
        "AWS_EC2_METADATA_DISABLED": "",
    }
    with running(cluster, **no_keys, **metadata) as url:
        status, text = ask(url, cluster.token())
    assert status == 200, text
    assert set(json.loads(text)) == {"AccessKeyId", "SecretAccessKey", "Token", "AccountId", "Expiration"}
    assert json.loads(text)["AccountId"] == place.number


def test_refusals_are_those_of_ekss_agent(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(cluster) as url:
        assert ask(url, "") == (400, "Service account token cannot be empty\n")
        status, text = ask(url, cluster.token())
        assert status == 404
        assert "]: (ResourceNotFoundException): No pod identity association found" in text
        cluster.associate()
        status, text = ask(url, cluster.token(aud="sts.amazonaws.com"))
        assert (status, text.partition("]: ")[2]) == (
            400, "(InvalidTokenException): Incorrect token audience, fault: client\n",
        )  # fmt: skip
        assert ask(url, cluster.token())[0] == 200
        cluster.place.iam.update_assume_role_policy(
            RoleName="App", PolicyDocument=trusting({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole")
        )
        status, text = ask(url, cluster.token(jti="another"))
        said = "Unauthorized Exception! EKS does not have permissions to assume the associated role."
        assert (status, text.partition("]: ")[2]) == (
            400,
            f"(AccessDeniedException): {said}, fault: client\n",
        )
        status, text = ask(url, cluster.token(), Host="evil.example.org")
        assert status == 403
        assert "Called agent through invalid address" in text
        assert ask(url + "/x", cluster.token()) == (404, "404 page not found\n")
        # A client of AWS tells what it was answered.
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", cluster.token(jti="third"))
        monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.RETRY_ATTEMPTS", 1)
        with pytest.raises(CredentialRetrievalError, match="EKS does not have permissions"):
            botocore.session.get_session().get_credentials()


def test_a_node_without_permission_or_a_server_that_is_away_are_told(cluster: Cluster) -> None:
    cluster.associate()
    cluster.place.iam.delete_user_policy(UserName="node", PolicyName="permissions")
    with running(cluster) as url:
        status, text = ask(url, cluster.token())
    assert status == 400
    assert "is not authorized to perform: eks-auth:AssumeRoleForPodIdentity" in text
    with running(cluster, AWS_ENDPOINT_URL="http://127.0.0.1:1") as url:
        status, text = ask(url, cluster.token())
    assert status == 500
    assert text.startswith("unable to fetch credentials from EKS Auth: ")


@pytest.mark.parametrize(
    "host", ["169.254.170.23", "169.254.170.23:80", "[fd00:ec2::23]", "[fd00:ec2::23]:80", "fd00:ec2::23"]
)
def test_its_own_addresses_are_good(host: str) -> None:
    check_host(host, ("169.254.170.23", "fd00:ec2::23"))


@pytest.mark.parametrize(
    "host", ["", "localhost", "169.254.170.2", "169.254.170.23.example.org", "[fd00:ec2::2]"]
)
def test_other_names_are_not(host: str) -> None:
    with pytest.raises(Refused, match="Access Denied"):
        check_host(host, ("169.254.170.23", "fd00:ec2::23"))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("token", "said"),
    [
        pytest.param("a.b", "invalid number of segments", id="two parts"),
        pytest.param("a.!.c", "token is malformed", id="no base64"),
        pytest.param(f"a.{part([])}.c", "claims are no object", id="no object"),
        pytest.param(f"a.{part({'exp': 99})}.c", "token is expired", id="expired"),
        pytest.param(f"a.{part({'exp': 'soon'})}.c", "token is expired", id="an end that is no time"),
    ],
)  # fmt: skip
def test_what_is_no_good_token_is_not_sent_on(token: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        check_token(token, 100)
    assert refused.value.status == 400


def test_a_token_that_lives_is_sent_on() -> None:
    check_token(f"a.{part({'exp': 101})}.c", 100)


@pytest.fixture
def door() -> Iterator[Door]:
    """A door behind which nothing is fetched, on IPv6 loopback."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        door = Door(listener, Source().kept(), ("::1",))
        thread = threading.Thread(target=lambda: door.serve_forever(0.02))
        thread.start()
        yield door
        door.shutdown()
        thread.join()


def test_it_answers_over_ipv6(door: Door) -> None:
    port = door.socket.getsockname()[1]
    token = f"a.{part({})}.c"
    answer = Machine(f"http://[::1]:{port}").send("GET", "/v1/credentials", {"Authorization": token})
    assert (answer.status, json.loads(answer.text)["AccessKeyId"]) == (200, "key-1")
    assert answer.headers["content-type"] == "application/json"


def test_each_refusal_is_told(door: Door) -> None:
    machine = Machine(f"http://[::1]:{door.socket.getsockname()[1]}")
    token = {"Authorization": f"a.{part({})}.c"}
    for path, headers, status, said in (
        ("/v1/credential", token, 404, "404 page not found\n"),
        ("/v1/credentials", token | {"Host": "localhost"}, 403, "Access Denied. Called agent"),
        ("/v1/credentials", {}, 400, "Service account token cannot be empty\n"),
        ("/v1/credentials", {"Authorization": "a"}, 400, "Service account token cannot be parsed"),
    ):
        answer = machine.send("GET", path, headers)
        assert (answer.status, answer.text[: len(said)]) == (status, said)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert int(answer.headers["content-length"]) == len(answer.text)
    door.kept = Kept(refusing, time.time)
    answer = machine.send("GET", "/v1/credentials", token)
    assert (answer.status, answer.text) == (418, "no pot\n")
    assert machine.send("GET", "/v1/credentials?x=1", token).status == 418


def refusing(token: str) -> PodCredentials:
    raise Refused(418, "no pot")


def test_so_many_connections_there_are_in_all(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestry.cli.agent_door.MOST_CONNECTIONS", 1)
    address = door.socket.getsockname()[:2]
    with socket.create_connection(address, timeout=10) as held:
        held.sendall(b"GET /v1/credentials HTTP/1.1\r\n")
        time.sleep(0.1)
        with socket.create_connection(address, timeout=3) as second:
            assert second.recv(1) == b"", "turned away"


def test_one_pod_cannot_keep_the_others_waiting(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestry.cli.agent_door.MOST_OF_ONE", 2)
    address = door.socket.getsockname()[:2]
    held = [socket.create_connection(address, timeout=10) for _ in range(2)]
    for connection in held:
        connection.sendall(b"GET /v1/credentials HTTP/1.1\r\n")
    time.sleep(0.1)
    with socket.create_connection(address, timeout=3) as third:
        assert third.recv(1) == b"", "turned away"
    held.pop().close()
    token = f"a.{part({})}.c"
    deadline = time.monotonic() + 10
    while True:  # until the one that was closed is noticed
        try:
            machine = Machine(f"http://[::1]:{address[1]}")
            assert machine.send("GET", "/v1/credentials", {"Authorization": token}).status == 200
            break
        except (http.client.RemoteDisconnected, ConnectionResetError):
            assert time.monotonic() < deadline
    held.pop().close()


class Source:
    """What fetches, and counts how often; `refuse` makes it fail."""

    def __init__(self, life: float = 21_600) -> None:
        self.now, self.life, self.asked = 1000.0, life, 0
        self.refuse: Refused | None = None

    def fetch(self, token: str) -> PodCredentials:
        self.asked += 1
        if self.refuse is not None:
            raise self.refuse
        return PodCredentials(f"key-{self.asked}", "s", "t", "1", self.now + self.life)

    def kept(self) -> Kept:
        return Kept(self.fetch, lambda: self.now)


def test_credentials_are_kept_by_token_until_they_are_due() -> None:
    source = Source()
    kept = source.kept()
    first = kept.credentials("one")
    source.now += 10_799
    assert kept.credentials("one") == first
    assert kept.credentials("two") != first, "another token's are its own"
    source.now += 2
    assert kept.credentials("one") != first, "three hours: they are fetched anew"
    short = Source(life=900)
    kept = short.kept()
    kept.credentials("one")
    short.now += 601
    kept.credentials("one")
    assert short.asked == 2, "two thirds of a short life"


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailableException", ""])
def test_old_ones_are_served_while_they_live_and_a_new_try_waits_a_minute(code: str) -> None:
    source = Source()
    kept = source.kept()
    first = kept.credentials("one")
    source.now, source.refuse = first.expires - 50, Refused(500, "no", code)
    assert kept.credentials("one") == first
    source.now = first.expires - 16
    assert kept.credentials("one") == first
    assert source.asked == 2, "it is not tried again at once"
    source.now = first.expires - 15
    with pytest.raises(Refused):
        kept.credentials("one")
    assert source.asked == 3


@pytest.mark.parametrize("code", sorted(FINAL))
def test_a_final_refusal_ends_what_was_kept(code: str) -> None:
    source = Source()
    kept = source.kept()
    kept.credentials("one")
    source.now += 11_000
    source.refuse = Refused(400, "no", code)
    with pytest.raises(Refused):
        kept.credentials("one")
    source.refuse = Refused(500, "away")
    with pytest.raises(Refused, match="away"):
        kept.credentials("one")


def test_the_refusals_of_eks_auth_that_are_final_are_these() -> None:
    assert {
        *("ResourceNotFoundException", "ExpiredTokenException"),
        *("InvalidTokenException", "AccessDeniedException"),
    } == FINAL


def test_credentials_that_are_about_to_end_are_not_handed_out() -> None:
    with pytest.raises(Refused, match="expired or will expire"):
        Source(life=15).kept().credentials("one")
    assert Source(life=16).kept().credentials("one")


def test_those_who_ask_at_once_share_one_fetch() -> None:
    source, begun = Source(), threading.Event()

    def slow(token: str) -> PodCredentials:
        begun.wait(10)
        time.sleep(0.05)
        return source.fetch(token)

    kept = Kept(slow, lambda: source.now)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(kept.credentials("one"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    begun.set()
    for thread in threads:
        thread.join()
    assert source.asked == 1
    assert len(set(found)) == 1


def test_only_so_many_tokens_are_kept() -> None:
    source = Source()
    kept = source.kept()
    for number in range(MOST_TOKENS + 1):
        kept.credentials(str(number))
    kept.credentials(str(MOST_TOKENS))
    assert source.asked == MOST_TOKENS + 1
    kept.credentials("0")
    assert source.asked == MOST_TOKENS + 2, "the one that was asked for longest ago had to go"
    kept.credentials("2")
    kept.credentials("new")
    kept.credentials("2")
    assert source.asked == MOST_TOKENS + 3, "and not the one that was asked for lately"


def test_what_it_does_not_know_is_an_error_and_never_aws_itself(
    vestry: Vestry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    listen = ("pod-identity-agent", "--cluster", "prod", "--listen", "127.0.0.1:0")
    said = vestry(*listen)
    assert said.code == 1
    assert "where EKS Auth answers" in said.err
    said = vestry(*listen, "--endpoint", "http://127.0.0.1:1")
    assert said.code == 1
    assert "its region" in said.err
    said = vestry("pod-identity-agent", "--cluster", "prod", "--listen", "somewhere")
    assert said.code == 2
    said = vestry("pod-identity-agent", "--cluster", "prod", "--listen", "203.0.113.1:80")
    assert said.code == 1
    assert "ip address add" in said.err
