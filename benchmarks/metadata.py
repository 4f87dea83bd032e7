"""Instance metadata against the floor, with 10 and with 10,000 registered instances, in interleaved rounds of one run.

bin/bench metadata [--rounds 5] [--seconds 4] [--json FILE]
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from benchmarks import places, report
from benchmarks.load import Measured, cpu_seconds, measure
from vestry.directory.draft import Change
from vestry.directory.entities import KINDS, Entity, Role
from vestry.directory.machines import Association, Instance, InstanceProfile, MetadataOptions
from vestry.server.installation import Installation
from vestry.server.operator import run_offline
from vestry.server.settings import Settings

SERVER_CPU, CLIENT_CPU = 0, 1
FEW, MANY = 10, 10_000
CONNECTIONS = 1000  # that are open while many instances ask in turn
AT_ONCE = 8  # of them with a request under way
ROLE = "GET /latest/meta-data/iam/security-credentials/app"
PLAIN = "GET /latest/meta-data/instance-id"
TRUST = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
TOKEN = "X-aws-ec2-metadata-token"
LIFE = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}


def main() -> None:
    """Run the rounds and print the medians and ratios."""
    options = report.asked("bin/bench metadata", __doc__)
    found = run(options.rounds, options.seconds)
    medians = {name: report.median(rounds) for name, rounds in found.items()}
    report.show(medians, ratios(found), 54)
    if options.json:
        options.json.write_text(
            json.dumps({name: msgspec.to_builtins(rounds) for name, rounds in found.items()})
        )


def run(rounds: int, seconds: int) -> dict[str, list[Measured]]:
    """Measure everything, round by round."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        servers = {}
        for count in (FEW, MANY):
            print(f"preparing {count:,} instances …", flush=True)
            data = Path(folder) / str(count)
            prepare(data, count)
            ready, pid = stack.enter_context(
                places.ready_vestry(data, SERVER_CPU, "--metadata", "127.0.0.1:0")
            )
            servers[count] = (ready["metadata"][0], pid)
        bare, bare_pid = stack.enter_context(places.floor(SERVER_CPU))
        askers = {
            count: [(source, token(endpoint, source)) for source in sources(min(count, CONNECTIONS))]
            for count, (endpoint, _) in servers.items()
        }
        found: dict[str, list[Measured]] = {}

        def add(name: str, row: Measured) -> None:
            found.setdefault(name, []).append(row)

        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for name, line in (("role credentials", ROLE), ("instance-id", PLAIN)):
                for count, (endpoint, pid) in servers.items():
                    head = header(endpoint, askers[count][0][1])
                    row = measure(endpoint, [(head, "")], pid, seconds=seconds, cpu=CLIENT_CPU, line=line)
                    add(f"{name}, {count:,} instances", row)
                row = measure(
                    bare, [(header(bare, "x" * 60), "")], bare_pid, seconds=seconds, cpu=CLIENT_CPU, line=line
                )
                add(f"floor: bare ASGI application, for {name}", row)
            for count, (endpoint, pid) in servers.items():
                add(
                    f"role credentials, {count:,} ask in turn", in_turn(endpoint, askers[count], pid, seconds)
                )
        return found


def ratios(found: dict[str, list[Measured]]) -> dict[str, float]:
    """Return what the marks are about: medians of the rounds' own ratios."""

    def paired(one: str, other: str, column: str) -> float:
        rows = [
            (getattr(a, column), getattr(b, column)) for a, b in zip(found[one], found[other], strict=True)
        ]
        # A round in which a busy machine let one of them do nothing tells nothing.
        return statistics.median(a / b for a, b in rows if a and b)

    few, many = f"{FEW:,} instances", f"{MANY:,} instances"
    return {
        "role credentials (IMDSv2) / floor, requests per second (mark: 0.60)": paired(
            f"role credentials, {few}", "floor: bare ASGI application, for role credentials", "rate"
        ),
        "instance-id (IMDSv2) / floor, requests per second (mark: 0.60)": paired(
            f"instance-id, {few}", "floor: bare ASGI application, for instance-id", "rate"
        ),
        "CPU a request, floor / role credentials (IMDSv2)": paired(
            "floor: bare ASGI application, for role credentials", f"role credentials, {few}", "cpu"
        ),
        "CPU a request, 10,000 / 10 instances, one of which asks (mark: within 0.10)": paired(
            f"role credentials, {many}", f"role credentials, {few}", "cpu"
        ),
        "CPU a request, 10,000 / 10 instances that ask in turn (mark: within 0.10)": paired(
            f"role credentials, {MANY:,} ask in turn", f"role credentials, {FEW:,} ask in turn", "cpu"
        ),
    }


def prepare(data: Path, count: int) -> None:
    """Fill a store with `count` instances that have one role, at the addresses of `sources`."""
    account = run_offline(Settings(data=data), "account.create", {"alias": "machines"})["AccountId"]
    role = Role(account, "AROA" + "A" * 17, "app", "/", 1_700_000_000, TRUST)
    profile = InstanceProfile(account, "AIPA" + "A" * 17, "web", "/", 1_700_000_000, role.id)
    made: list[tuple[Entity, str]] = [(role, role.id), (profile, profile.id)]
    for number, address in enumerate(sources(count)):
        instance = Instance(
            account=account,
            id=f"i-{number:017x}",
            region="us-east-1",
            zone="us-east-1a",
            reservation=f"r-{number:017x}",
            launched=1_700_000_000,
            started=1_700_000_000,
            image="ami-12345678",
            type="t3.micro",
            address=address,
            subnet="subnet-12345678",
            groups=(("sg-12345678", "default"),),
            options=MetadataOptions(),
            association=Association(f"iip-assoc-{number:017x}", profile.arn, profile.id, 1_700_000_000),
        )
        made.append((instance, instance.id))
    installation = Installation(Settings(data=data))
    try:
        changes = [Change(account, KINDS[type(entity)], identifier, entity) for entity, identifier in made]
        installation.store.commit(changes, installation.root.revision + 1)
    finally:
        installation.close()


def sources(count: int) -> Iterator[str]:
    """Yield `count` addresses from which this machine can ask itself, 127.0.0.1 first."""
    for number in range(count):
        yield f"127.0.{number // 250}.{number % 250 + 1}"


def token(endpoint: str, source: str) -> str:
    """Return a session token of the instance at `source`."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=20, source_address=(source, 0))
    with contextlib.closing(connection):
        connection.request("PUT", "/latest/api/token", headers=LIFE)
        return connection.getresponse().read().decode()


def header(endpoint: str, session: str) -> dict[str, str]:
    """Return the headers that SDKs send."""
    return {
        "Host": urlsplit(endpoint).netloc,
        "User-Agent": "Boto3/1.44 md/Botocore#1.44",
        "Accept-Encoding": "identity",
        TOKEN: session,
    }


def in_turn(endpoint: str, askers: Sequence[tuple[str, str]], pid: int, seconds: int) -> Measured:
    """Let instances (source address and session token) ask for their role in turn, over CONNECTIONS connections."""
    os.sched_setaffinity(0, {CLIENT_CPU})
    host, port = urlsplit(endpoint).netloc.split(":")
    with contextlib.ExitStack() as held:
        ready = []
        for number in range(CONNECTIONS):
            source, session = askers[number % len(askers)]
            connection = held.enter_context(
                socket.create_connection((host, int(port)), 20, source_address=(source, 0))
            )
            lines = "".join(f"{name}: {value}\r\n" for name, value in header(endpoint, session).items())
            ready.append((connection, f"{ROLE} HTTP/1.1\r\n{lines}\r\n".encode()))
        count = errors = 0
        before, began = cpu_seconds(pid), time.perf_counter()
        while time.perf_counter() - began < seconds:
            for at in range(0, CONNECTIONS, AT_ONCE):
                group = ready[at : at + AT_ONCE]
                for connection, request in group:
                    connection.send(request)
                for connection, _ in group:
                    errors += b'"Code" : "Success"' not in connection.recv(65536)
                count += len(group)
        spent, took = cpu_seconds(pid) - before, time.perf_counter() - began
    return Measured(count / took, 0, 0, spent * 1e6 / count, errors)


if __name__ == "__main__":
    main()
