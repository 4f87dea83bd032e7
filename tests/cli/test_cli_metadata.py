"""`vestry metadata`: a port of loopback that belongs to one instance."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands import Vestry
from launching import ec2_client, launch
from machine import TOKEN, Machine
from places import Place
from raw import send
from serving import serving
from vestry.cli.failure import Failure
from vestry.cli.handing import Listening, hand_over


@contextlib.contextmanager
def listening(data: Path, instance: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `vestry metadata listen` until the block ends; yield it and its first line. No instance is "" here."""
    command = [sys.executable, "-m", "vestry.cli", "metadata", "listen"]
    command += ["--instance", instance] if instance else []
    with subprocess.Popen(
        [*command, "--data", str(data), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_two_instances_have_a_port_each_and_keep_it_when_the_server_restarts(data: Path) -> None:
    with contextlib.ExitStack() as held:
        with serving(data) as server:
            place = Place(server)
            first, second = (launch(ec2_client(place))["InstanceId"] for _ in range(2))
            one, said = held.enter_context(listening(data, first, "--json"))
            other, line = held.enter_context(listening(data, second))
            endpoint = json.loads(said)["endpoint"]
            variables = {
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint,
                "AWS_ENDPOINT_URL": server.endpoint,
                "AWS_REGION": "us-east-1",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
            event = {"event": "listening", "endpoint": endpoint, "instance": first}
            assert json.loads(said) == event | {"environment": variables}
            assert other.stdout is not None
            lines = [other.stdout.readline() for _ in range(3)]
            assert lines == [f"export {name}={value}\n" for name, value in list(variables.items())[1:]]
            assert line.startswith("export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:")
            assert line.endswith("/"), "some clients put none before the path"
            mine, others = Machine(endpoint), Machine(line.partition("=")[2])
            assert mine.get("instance-id").text == first
            assert others.get("instance-id").text == second
            token = mine.token()
            assert others.send("GET", "/latest/meta-data/instance-id", {TOKEN: token}).status == 401

        answers: list[str] = []
        waiting = threading.Thread(target=lambda: answers.append(mine.get("instance-id").text))
        waiting.start()
        time.sleep(0.5)
        assert not answers, "nobody was there to answer"
        with serving(data):
            waiting.join(20)
            assert answers == [first], "who asked while no server ran was answered by the next one"
            again = mine.send("GET", "/latest/meta-data/instance-id", {TOKEN: token})
            assert (again.status, again.text) == (200, first), "a session token lives on"

            for process, end in ((one, signal.SIGTERM), (other, signal.SIGINT)):
                process.send_signal(end)
                assert process.wait(10) == 0
            for machine in (mine, others):
                until = time.monotonic() + 10
                while True:
                    try:
                        machine.send("GET", "/")
                    except ConnectionError:
                        break
                    assert time.monotonic() < until, "the port lives on"


def test_what_cannot_be_served_fails_and_says_why(data: Path, vestry: Vestry) -> None:
    said = vestry("metadata", "listen", "--instance", "i-12345678", "--data", str(data))
    assert (said.code, said.out) == (1, "")
    assert "No server runs" in said.err
    with serving(data):
        said = vestry("metadata", "listen", "--instance", "i-12345678", "--data", str(data))
        assert (said.code, said.out) == (1, "")
        assert "The instance ID 'i-12345678' does not exist" in said.err
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            said = vestry(
                "metadata", "listen", "--instance", "i-12345678", "--port", port, "--data", str(data)
            )
        assert said.code == 1
        assert f"cannot serve on 127.0.0.1:{port}" in said.err


def test_an_address_for_many_instances_outlives_the_server_too(data: Path) -> None:
    with contextlib.ExitStack() as held:
        with serving(data) as server:
            one, two = Place(server, "one"), Place(server)
            first = launch(ec2_client(one), PrivateIpAddress="127.3.0.1")["InstanceId"]
            launch(ec2_client(two), PrivateIpAddress="127.3.0.1")
            launch(ec2_client(two), PrivateIpAddress="127.3.0.2")
            narrow, said = held.enter_context(
                listening(data, "", "--at", "127.0.0.1:0,account=one,region=us-east-1", "--json")
            )
            _, line = held.enter_context(listening(data, "", "--at", "127.0.0.1:0"))
            endpoint = json.loads(said)["endpoint"]
            assert json.loads(said) == {"event": "listening", "endpoint": endpoint}
            assert line.startswith("Instances are answered at http://127.0.0.1:")
            path = "/latest/meta-data/instance-id"
            everybody = line.split()[-1]
            assert Machine(endpoint, "127.3.0.1").get("instance-id").text == first
            assert Machine(endpoint, "127.3.0.2").send("GET", path).status == 404, "another account's"
            assert Machine(everybody, "127.3.0.1").send("GET", path).status == 404, "nobody's"
            assert Machine(everybody, "127.3.0.2").send("GET", path).status == 200
        answers: list[str] = []
        machine = Machine(endpoint, "127.3.0.1")
        waiting = threading.Thread(target=lambda: answers.append(machine.get("instance-id").text))
        waiting.start()
        time.sleep(0.3)
        with serving(data):
            waiting.join(20)
            assert answers == [first]
        narrow.terminate()
        assert narrow.wait(10) == 0


def test_a_place_with_an_instance_is_that_instances(data: Path) -> None:
    with serving(data) as server:
        identifier = launch(ec2_client(Place(server)))["InstanceId"]
        with listening(data, "", "--at", f"127.0.0.1:0,instance={identifier}") as (_, line):
            assert Machine(line.split()[-1]).get("instance-id").text == identifier


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "choose --instance"),
        (["--instance", "i-12345678", "--at", "127.0.0.1"], "choose --instance"),
        (["--at", "127.0.0.1", "--port", "0"], "choose --instance"),
        (["--at", "localhost"], "is no address"),
        (["--at", "127.0.0.1,vpc=v"], "is no option"),
    ],
)
def test_arguments_that_do_not_go_together(vestry: Vestry, arguments: list[str], reason: str) -> None:
    said = vestry("metadata", "listen", *arguments)
    assert said.code == 2
    assert reason in said.err


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"serve": "metadata by address", "account": 1}, "An account and a region are names"),
        ({"serve": "metadata by address", "region": ["eu-west-1"]}, "An account and a region are names"),
        ({"serve": "metadata", "instance": "i-12345678"}, "The instance ID 'i-12345678' does not exist"),
        ({"serve": "metadata", "instance": ["i-12345678"]}, "does not exist"),
        ({"serve": "metadata"}, "does not exist"),
    ],
)
def test_an_order_that_cannot_be_carried_out_is_refused(
    data: Path, order: dict[str, Any], reason: str
) -> None:
    with (
        serving(data),
        socket.create_server(("127.0.0.1", 0)) as owned,
        pytest.raises(Failure, match=reason),
    ):
        hand_over(data, Listening(order, owned))


def test_the_port_of_an_owner_that_is_killed_is_closed(data: Path) -> None:
    with serving(data) as server:
        instance = launch(ec2_client(Place(server)))["InstanceId"]
        with listening(data, instance, "--json") as (owner, said):
            machine = Machine(json.loads(said)["endpoint"])
            assert machine.get("instance-id").text == instance
            owner.kill()
            owner.wait(10)
            until = time.monotonic() + 10
            with pytest.raises(ConnectionError):  # noqa: PT012
                while time.monotonic() < until:
                    machine.send("GET", "/")
                    time.sleep(0.05)


def test_the_certificate_of_identity_documents_is_published(
    data: Path, vestry: Vestry, tmp_path: Path
) -> None:
    with serving(data) as server:
        said = vestry("metadata", "certificate", "--data", str(data))
        assert (said.code, said.out) == (1, "")
        assert "when the first instance is launched" in said.err
        assert send(server.endpoint, "GET", "/instance-identity/certificate.pem").status == 404
        identifier = launch(ec2_client(Place(server)))["InstanceId"]
        until = time.monotonic() + 20
        while (said := vestry("metadata", "certificate", "--data", str(data))).code == 1:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert said.out.startswith("-----BEGIN CERTIFICATE-----\n")
        answer = send(server.endpoint, "GET", "/instance-identity/certificate.pem")
        assert (answer.status, answer.text.rstrip()) == (200, said.out.rstrip())
        assert answer.headers["content-type"] == "application/x-pem-file"
        with listening(data, identifier, "--json") as (_, line):
            machine, path = Machine(json.loads(line)["endpoint"]), "/latest/dynamic/instance-identity/"
            signed = machine.send("GET", path + "rsa2048").text
            shown = machine.send("GET", path + "document").text
    (tmp_path / "certificate").write_text(said.out)
    (tmp_path / "signed").write_text(f"-----BEGIN PKCS7-----\n{signed}\n-----END PKCS7-----\n")
    command = ["openssl", "smime", "-verify", "-in", "signed", "-inform", "PEM", "-certfile", "certificate"]
    done = subprocess.run([*command, "-noverify"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == shown
    offline = vestry("metadata", "certificate", "--data", str(data), "--json")
    assert json.loads(offline.out)["Certificate"].rstrip() == said.out.rstrip()
