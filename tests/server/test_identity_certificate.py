"""The certificate of identity documents: made when there is an instance, once, and the same after a restart."""

from __future__ import annotations

import time
from pathlib import Path

from launching import ec2_client, launch
from machine import Machine
from places import Place
from serving import Server, serving
from vestry.server.metadata_places import read_place

HERE = (read_place("127.0.0.1:0"),)
PATH = "/latest/dynamic/instance-identity"


def signature(server: Server) -> str:
    """The signature of this machine's document, as soon as there is one."""
    machine, until = Machine(server.metadata[0]), time.monotonic() + 20
    while True:
        answer = machine.send("GET", f"{PATH}/rsa2048")
        if answer.status == 200:
            return answer.text
        assert answer.status == 404
        assert time.monotonic() < until
        time.sleep(0.05)


def test_it_is_made_for_the_first_instance_and_kept(tmp_path: Path) -> None:
    with serving(tmp_path, metadata=HERE) as server:
        launch(ec2_client(Place(server)), PrivateIpAddress="127.0.0.1")
        first = signature(server)
    with serving(tmp_path, metadata=HERE) as server:
        assert signature(server) == first


def test_an_installation_without_instances_has_none(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        Place(server)
        time.sleep(1.5)
        assert b"BEGIN CERTIFICATE" not in (tmp_path / "vestry.db").read_bytes()
        assert server.endpoint
