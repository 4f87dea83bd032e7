"""Unmodified clients inside `vestry run`: they find the instance's role by themselves, without any configuration."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import boto3

from launching import launch
from places import Place, document, statement
from processes import process
from running import CLEAN, CREDENTIALS, line, machine, needs_namespaces, python, run
from serving import Server, serving
from vestry.cli.certificates import make

pytestmark = needs_namespaces
AWS = [sys.executable, "-m", "awscli", "--output", "json"]
WHO = "import boto3, json; print(boto3.client('sts').get_caller_identity()['Arn'])"


def session(place: Place, role: str, instance: str) -> str:
    """The ARN of an instance's session."""
    return f"arn:aws:sts::{place.number}:assumed-role/{role}/{instance}"


def test_boto3_finds_its_role_without_configuration(server: Server, place: Place) -> None:
    instance = machine(place, "app", "eu-west-1")
    place.iam.put_role_policy(
        RoleName="app", PolicyName="read", PolicyDocument=document(statement("Allow", "iam:ListRoles"))
    )
    done = run(
        server.data,
        instance,
        *python(
            WHO,
            "iam = boto3.client('iam')",
            "print(*(role['RoleName'] for role in iam.list_roles()['Roles']))",
            "print(boto3.session.Session().region_name)",
            "try: iam.create_user(UserName='u')",
            "except iam.exceptions.ClientError as error: print(error.response['Error']['Code'])",
        ),
    )
    assert done.stdout.splitlines() == [session(place, "app", instance), "app", "eu-west-1", "AccessDenied"]
    assert (done.stderr, done.returncode) == ("", 0)


def test_the_command_line_finds_its_role_without_configuration(server: Server, place: Place) -> None:
    instance = machine(place, "app")
    done = run(server.data, instance, *AWS, "sts", "get-caller-identity")
    assert (done.stderr, done.returncode) == ("", 0)
    assert json.loads(done.stdout)["Arn"] == session(place, "app", instance)


def test_ones_own_keys_and_profiles_do_not_go_before_the_role(
    server: Server, place: Place, tmp_path: Path
) -> None:
    instance = machine(place, "app")
    key = place.user("casey")
    secret = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "".join(
            f"[{name}]\n" + "".join(f"{variable.lower()} = {value}\n" for variable, value in secret.items())
            for name in ("default", "mine")
        )
    )
    for more in (secret, {}, {"AWS_PROFILE": "mine"}, {"AWS_EC2_METADATA_DISABLED": "true"}):
        environment = CLEAN | {"HOME": str(tmp_path)} | more
        done = run(server.data, instance, *python(WHO), environment=environment)
        assert done.stdout.strip() == session(place, "app", instance), done.stderr


def test_two_instances_at_once_see_only_their_own_role(server: Server, place: Place, tmp_path: Path) -> None:
    said: dict[str, subprocess.CompletedProcess[str]] = {}
    instances = {role: machine(place, role) for role in ("blue", "green")}

    def as_instance(role: str, other: str) -> None:
        said[role] = run(
            server.data,
            instances[role],
            *python(
                "import pathlib, time, urllib.error, urllib.request",
                f"mine, others = (pathlib.Path({str(tmp_path)!r}, name) for name in ({role!r}, {other!r}))",
                "mine.touch()",
                "end = time.monotonic() + 20",
                "while not others.exists() and time.monotonic() < end: time.sleep(0.02)",
                "assert others.exists(), 'the other one is not there'",
                f"get = lambda path: urllib.request.urlopen({CREDENTIALS!r} + path).read().decode()",
                "print(get(''))",
                f"try: get({other!r})",
                "except urllib.error.HTTPError as error: print(error.code)",
                WHO,
            ),
        )

    threads = [
        threading.Thread(target=as_instance, args=pair) for pair in (("blue", "green"), ("green", "blue"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for role, instance in instances.items():
        assert said[role].stdout.splitlines() == [role, "404", session(place, role, instance)], said[
            role
        ].stderr


def test_ipv6_answers_where_the_instance_offers_it(server: Server, place: Place) -> None:
    with_ipv6 = machine(place, "six", MetadataOptions={"HttpProtocolIpv6": "enabled"})
    without = machine(place, "four")
    get = python(
        "import urllib.request",
        "print(urllib.request.urlopen('http://[fd00:ec2::254]/latest/meta-data/instance-id', timeout=5).read().decode())",
    )
    assert run(server.data, with_ipv6, *get).stdout.strip() == with_ipv6
    assert run(server.data, without, *get).returncode == 1


def test_over_tls_the_same_url_and_certificate_hold(tmp_path: Path) -> None:
    made = make(["127.0.0.1"], datetime.now(UTC))
    files = {"ca.pem": made.authority, "server.pem": made.certificate, "server.key": made.key}
    for name, text in files.items():
        (tmp_path / name).write_bytes(text)
    pair = {"tls_cert": tmp_path / "server.pem", "tls_key": tmp_path / "server.key"}
    with serving(tmp_path / "data", **pair) as server:
        keys = server.account("secure")
        instance = launch(
            boto3.client(
                "ec2",
                endpoint_url=server.endpoint,
                region_name="us-east-1",
                verify=str(tmp_path / "ca.pem"),
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
            )
        )["InstanceId"]
        ask = python(
            "import os, ssl, urllib.request",
            f"trusting = ssl.create_default_context(cafile={str(tmp_path / 'ca.pem')!r})",
            "url = os.environ['AWS_ENDPOINT_URL']",
            "print(url, urllib.request.urlopen(url + '/health', context=trusting, timeout=5).status)",
        )
        done = run(server.data, instance, *ask)
        assert done.stdout == f"{server.endpoint} 200\n", done.stderr


def test_a_restart_of_the_server_is_not_noticed_inside(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        place = Place(server)
        instance = machine(place, "app")
    script = python(
        "import sys, urllib.request",
        f"get = lambda: urllib.request.urlopen({CREDENTIALS + 'app'!r}, timeout=30).read().decode()",
        "first = get()",
        "print('first', flush=True)",
        "sys.stdin.readline()",
        "print(get() == first, flush=True)",
        WHO,
    )
    with contextlib.ExitStack() as held:
        with process(data):
            running = held.enter_context(
                subprocess.Popen(
                    line(data, instance, script, ["--require-namespace"]),
                    env=CLEAN,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            held.callback(running.kill)
            assert running.stdin is not None
            assert running.stdout is not None
            assert running.stdout.readline() == "first\n"
        print("go", file=running.stdin, flush=True)  # it asks while no server runs
        time.sleep(0.3)
        with process(data):
            assert running.stdout.readline() == "True\n"
            assert running.stdout.readline().strip() == session(place, "app", instance)
            assert running.wait(20) == 0


def test_a_long_running_client_refreshes_its_credentials_without_an_error(tmp_path: Path) -> None:
    script = python(
        "import sys, boto3, datetime",
        "session = boto3.session.Session()",
        "credentials, ahead = session.get_credentials(), datetime.timedelta()",
        "credentials._time_fetcher = lambda: datetime.datetime.now(datetime.UTC) + ahead",
        "sts = session.client('sts')",
        "for line in sys.stdin:",
        "    ahead = datetime.timedelta(seconds=int(line))",
        "    print(sts.get_caller_identity()['Arn'], credentials.access_key, flush=True)",
    )
    with serving(tmp_path / "data", test_clock=True) as server:
        place = Place(server)
        instance = machine(place, "app")
        with subprocess.Popen(
            line(server.data, instance, script, ["--require-namespace"]),
            env=CLEAN,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            keys = set()
            for _ in range(
                30
            ):  # five hours, by the clock of server and client, of sessions that last an hour
                print(int(server.clock.offset), file=running.stdin, flush=True)
                arn, key = running.stdout.readline().split()
                assert arn == session(place, "app", instance)
                keys.add(key)
                server.operator("clock.advance", seconds=600)
            running.stdin.close()
            assert running.wait(20) == 0
    assert len(keys) >= 5
