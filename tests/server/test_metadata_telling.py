"""Which instance asks: by its source address, or by the socket that belongs to it; and what nobody is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launching import ec2_client, launch
from listening import ask, connect
from machine import LIFE, TOKEN, Machine
from places import Place
from serving import Server, serving
from vestry.metadata.imds import Imds
from vestry.server.metadata_places import read_place


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tells instances by source address: all of them, those of one account, and those of its region."""
    places = ("127.0.0.1:0", "127.0.0.1:0,account=one", "127.0.0.1:0,account=one,region=eu-west-1")
    places += ("127.0.0.1:0,account=nobodys",)
    with serving(tmp_path_factory.mktemp("data"), metadata=tuple(map(read_place, places))) as running:
        yield running


@pytest.fixture
def place(server: Server) -> Place:
    return Place(server)


def asked(server: Server, address: str, count: int) -> list[dict[str, Any]]:
    """Return the log lines of the `count` requests from an address."""
    found = server.logged(f'"peer":"{address}"', count)
    assert {line["event"] for line in found} == {"metadata"}
    return found


def test_two_instances_are_told_apart_by_their_addresses(server: Server, place: Place) -> None:
    ec2 = ec2_client(place)
    made = {
        address: launch(ec2, PrivateIpAddress=address)["InstanceId"] for address in ("127.1.0.1", "127.1.0.2")
    }
    for address, identifier in made.items():
        answer = Machine(server.metadata[0], address).get("instance-id")
        assert answer.text == identifier
        assert answer.headers["server"] == "EC2ws"
    first, second = (Machine(server.metadata[0], address) for address in made)
    assert second.send("GET", "/latest/meta-data/", {TOKEN: first.token()}).status == 401


def test_an_address_that_no_instance_has_is_refused_and_the_log_says_what_helps(server: Server) -> None:
    machine = Machine(server.metadata[0], "127.1.1.1")
    assert machine.send("PUT", "/latest/api/token", {LIFE: "60"}).status == 404
    assert machine.send("GET", "/latest/meta-data/").status == 404
    lines = asked(server, "127.1.1.1", 2)
    assert {line["status"] for line in lines} == {404}
    assert "launch one with that PrivateIpAddress" in lines[0]["hint"]
    assert "instance" not in lines[0]


def test_an_address_that_two_accounts_claim_is_nobodys_until_the_listener_is_for_one_of_them(
    server: Server, place: Place
) -> None:
    one = Place(server, "one")
    mine = launch(ec2_client(one), PrivateIpAddress="127.1.2.1")["InstanceId"]
    launch(ec2_client(place), PrivateIpAddress="127.1.2.1")
    abroad = launch(ec2_client(one, region="eu-west-1"), PrivateIpAddress="127.1.2.2")["InstanceId"]
    launch(ec2_client(one), PrivateIpAddress="127.1.2.2")

    both, ones, regions, nobodys = (Machine(endpoint, "127.1.2.1") for endpoint in server.metadata)
    assert both.send("GET", "/latest/meta-data/instance-id").status == 404
    (line,) = asked(server, "127.1.2.1", 1)
    assert "account=" in line["hint"]
    assert mine in line["hint"]
    assert ones.get("instance-id").text == mine
    assert regions.send("GET", "/latest/meta-data/instance-id").status == 404
    assert nobodys.send("GET", "/latest/meta-data/instance-id").status == 404
    assert "there is no account nobodys" in asked(server, "127.1.2.1", 5)[-1]["hint"]
    assert Machine(server.metadata[1], "127.1.2.2").send("GET", "/latest/meta-data/instance-id").status == 404
    assert Machine(server.metadata[2], "127.1.2.2").get("instance-id").text == abroad


def test_the_address_of_a_terminated_instance_is_anothers(server: Server, place: Place) -> None:
    ec2, machine = ec2_client(place), Machine(server.metadata[0], "127.1.3.1")
    for _ in range(2):
        identifier = launch(ec2, PrivateIpAddress="127.1.3.1")["InstanceId"]
        assert machine.get("instance-id").text == identifier
        ec2.terminate_instances(InstanceIds=[identifier])
        assert machine.send("GET", "/latest/meta-data/instance-id").status == 404


def test_what_is_asked_is_logged_without_credentials(server: Server, place: Place) -> None:
    identifier = launch(ec2_client(place), PrivateIpAddress="127.1.4.1")["InstanceId"]
    machine = Machine(server.metadata[0], "127.1.4.1")
    token = machine.token()
    machine.send("GET", "/latest/meta-data/" + "x" * 1000, {TOKEN: token})
    put, get = asked(server, "127.1.4.1", 2)
    assert (put["method"], put["path"], put["status"]) == ("PUT", "/latest/api/token", 200)
    assert put["instance"] == get["instance"] == identifier
    assert get["status"] == 404
    assert len(get["path"]) == 200
    assert token not in server.log.getvalue()


def test_a_page_in_a_browser_cannot_ask_by_a_name_of_its_own(server: Server, place: Place) -> None:
    """A name of an attacker's that leads to this machine (DNS rebinding) comes along as Host."""
    launch(ec2_client(place), PrivateIpAddress="127.1.5.1")
    machine = Machine(server.metadata[0], "127.1.5.1")
    path, port = "/latest/meta-data/instance-id", server.metadata[0].rpartition(":")[2]
    for host in (
        "attacker.example",
        f"attacker.example:{port}",
        "localhost.example",
        "127.0.0.1.example",
        "[::1",
    ):
        assert machine.send("GET", path, {"Host": host}).status == 403, host
    for host in (
        "localhost",
        f"localhost:{port}",
        "169.254.169.254",
        "127.0.0.1:80",
        "[fd00:ec2::254]",
        "[::1]:80",
    ):
        assert machine.send("GET", path, {"Host": host}).status == 200, host
    with connect(server.metadata[0], source="127.1.5.1") as old:
        assert ask(old, b"GET %s HTTP/1.0\r\n\r\n" % path.encode()).startswith(b"HTTP/1.1 200")


def test_x_forwarded_for_gets_no_token(server: Server, place: Place) -> None:
    launch(ec2_client(place), PrivateIpAddress="127.1.6.1")
    machine = Machine(server.metadata[0], "127.1.6.1")
    headers = {LIFE: "60", "X-Forwarded-For": "10.0.0.1"}
    assert machine.send("PUT", "/latest/api/token", headers).status == 403


def test_the_hop_limit_of_an_instance_is_that_of_its_token_answers(server: Server, place: Place) -> None:
    ec2 = ec2_client(place)
    identifier = launch(ec2, PrivateIpAddress="127.1.7.1")["InstanceId"]

    def arrives_behind_a_router() -> bool:
        with connect(server.metadata[0], source="127.1.7.1", patience=1.5) as client:
            client.setsockopt(socket.IPPROTO_IP, 21, 2)  # IP_MINTTL: takes what has a hop left
            sent = b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"
            return b"HTTP/1.1 200" in ask(client, sent, b"\r\n\r\n")

    assert not arrives_behind_a_router()
    ec2.modify_instance_metadata_options(InstanceId=identifier, HttpPutResponseHopLimit=2)
    assert arrives_behind_a_router()


def test_over_ipv6_an_instance_is_answered_where_its_options_say_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        place = Place(server)
        identifier = launch(ec2_client(place))["InstanceId"]
    places = tuple(map(read_place, (f"[::1]:0,instance={identifier}", f"127.0.0.1:0,instance={identifier}")))
    with serving(data, metadata=places) as server:
        place.server = server
        machine, ipv4 = Machine(server.metadata[0]), Machine(server.metadata[1])
        assert ipv4.get("instance-id").text == identifier
        assert machine.send("GET", "/latest/meta-data/instance-id").status == 403
        ec2_client(place).modify_instance_metadata_options(InstanceId=identifier, HttpProtocolIpv6="enabled")
        assert machine.get("instance-id").text == identifier


def test_a_place_for_an_instance_that_is_not_there_yet_waits_for_it(tmp_path: Path) -> None:
    with serving(tmp_path / "data", metadata=(read_place("127.0.0.1:0,instance=i-12345678"),)) as server:
        assert Machine(server.metadata[0]).send("GET", "/latest/meta-data/").status == 404
        (line,) = asked(server, "127.0.0.1", 1)
        assert line["hint"] == "there is no instance i-12345678"


def test_what_fails_inside_is_a_500_with_its_cause_in_the_log(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret")

    identifier = launch(ec2_client(place), PrivateIpAddress="127.1.8.1")["InstanceId"]
    monkeypatch.setattr(Imds, "answer", fail)
    answer = Machine(server.metadata[0], "127.1.8.1").send("GET", "/")
    assert (answer.status, answer.text) == (500, "")
    (line,) = asked(server, "127.1.8.1", 1)
    assert line["status"] == 500
    (failure,) = server.logged("internal failure")
    assert failure["cause"].startswith("RuntimeError at test_metadata_telling.py:")
    assert failure["instance"] == identifier
    assert "secret" not in server.log.getvalue()
