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

import pytest

from commands import Vestry
from launching import ec2_client, launch
from machine import TOKEN, Machine
from places import Place
from serving import serving


@contextlib.contextmanager
def listening(data: Path, instance: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `vestry metadata listen` until the block ends; yield it and its first line."""
    command = [sys.executable, "-m", "vestry.cli", "metadata", "listen", "--instance", instance]
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
            assert json.loads(said) == {"event": "listening", "endpoint": endpoint, "instance": first}
            assert line.startswith("export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:")
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
        assert f"127.0.0.1:{port} cannot be used" in said.err


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
