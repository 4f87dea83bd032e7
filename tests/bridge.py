"""Three machines on a bridge, and what each reads at 169.254.169.254; run as root of a network namespace of its own.

    10.9.0.2 (inner) ── 10.9.0.1 / 172.30.0.10 (outer) ──┐
                                     172.30.0.11 (other) ┴── bridge 172.30.0.1, 169.254.169.254: the server

It prints JSON: what `serve` said, and whom boto3 is on each machine, which knows an endpoint and nothing else.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from launching import ec2_client, launch, profile
from places import Place
from processes import process
from serving import Server
from vestry.server.run import Ready
from vestry.server.settings import Clock

WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
TOKEN = """
import urllib.request
head = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
request = urllib.request.Request("http://169.254.169.254/latest/api/token", method="PUT", headers=head)
try:
    print(urllib.request.urlopen(request, timeout=3).status)
except OSError as error:
    print(error)
"""
PLAIN = "import urllib.request as r; print(r.urlopen('http://169.254.169.254/latest/meta-data/local-ipv4', timeout=5).read().decode())"


def ip(*words: str, at: int | None = None) -> None:
    """Run `ip`, in the network of a process where one is given."""
    where = [] if at is None else ["nsenter", "--target", str(at), "--net"]
    subprocess.run([*where, "ip", *words], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def machine() -> Iterator[int]:
    """Make a machine, which is a network; yield the process that holds it."""
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE
    ) as held:
        try:
            assert held.stdout is not None
            held.stdout.readline()
            ip("link", "set", "lo", "up", at=held.pid)
            yield held.pid
        finally:
            held.kill()


def connect(one: int | None, other: int, name: str, address: str, gateway: str) -> None:
    """Lay a cable from the network of `one` (None: this one), called `name` there, to eth0 of `other`."""
    where = [] if one is None else ["nsenter", "--target", str(one), "--net"]
    cable = ["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(other)]
    subprocess.run([*where, *cable], check=True, capture_output=True)
    ip("link", "set", name, "up", at=one)
    ip("address", "add", f"{address}/24", "dev", "eth0", at=other)
    ip("link", "set", "eth0", "up", at=other)
    ip("route", "add", "default", "via", gateway, at=other)


def said(at: int, program: str, endpoint: str = "") -> str:
    """Run a program of Python on a machine; return its last line."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VESTRY_"))
    }
    environment |= {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1", "HOME": "/nonexistent"}
    done = subprocess.run(
        ["nsenter", "--target", str(at), "--net", sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


def network(outer: int, other: int, inner: int) -> None:
    """Lay the cables of the picture above."""
    ip("link", "set", "lo", "up")
    ip("link", "add", "machines", "type", "bridge")
    ip("address", "add", "172.30.0.1/24", "dev", "machines")
    ip("address", "add", "169.254.169.254/32", "dev", "machines")
    ip("link", "set", "machines", "up")
    for pid, name, address in ((outer, "outer", "172.30.0.10"), (other, "other", "172.30.0.11")):
        connect(None, pid, name, address, "172.30.0.1")
        ip("link", "set", name, "master", "machines")
    connect(outer, inner, "inner", "10.9.0.2", "10.9.0.1")
    ip("address", "add", "10.9.0.1/24", "dev", "inner", at=outer)
    forward = "echo 1 > /proc/sys/net/ipv4/ip_forward"
    subprocess.run(["nsenter", "--target", str(outer), "--net", "sh", "-c", forward], check=True)
    ip("route", "add", "10.9.0.0/24", "via", "172.30.0.10")


def main(data: Path) -> dict[str, Any]:
    """Make the network, serve, and ask from each machine."""
    with machine() as outer, machine() as other, machine() as inner:
        network(outer, other, inner)
        options = ["--host", "172.30.0.1", "--metadata", "169.254.169.254:80"]
        with process(data, options=options) as server:
            place = Place(Server(Ready(**server.ready), data, Clock(), io.StringIO()), "bridge")
            found: dict[str, Any] = {"metadata": server.ready["metadata"], "account": place.number}
            ec2 = ec2_client(place)
            for name, address in (("outer", "172.30.0.10"), ("other", "172.30.0.11"), ("inner", "10.9.0.2")):
                profile(place, name, name)
                tokens = "optional" if name == "inner" else "required"
                found[f"{name} instance"] = launch(
                    ec2,
                    PrivateIpAddress=address,
                    IamInstanceProfile={"Name": name},
                    MetadataOptions={"HttpTokens": tokens},
                )["InstanceId"]
            for name, pid in (("outer", outer), ("other", other), ("inner", inner)):
                found[name] = said(pid, WHO, server.endpoint)
            found["inner, without a token"] = said(inner, PLAIN)
            found["inner, hop limit 1"] = said(inner, TOKEN)
            ec2.modify_instance_metadata_options(
                InstanceId=found["inner instance"], HttpPutResponseHopLimit=2
            )
            found["inner, hop limit 2"] = said(inner, TOKEN)
            ec2.terminate_instances(InstanceIds=[found["other instance"]])
            found["other, terminated"] = said(other, WHO, server.endpoint)
        return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
