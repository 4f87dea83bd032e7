"""`bin/bench`: requests a second and CPU a request against the floor and moto, in interleaved rounds of one run.

bin/bench [--rounds 5] [--seconds 4] [--json FILE]
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from benchmarks import federation, places, report
from benchmarks.load import Measured, measure, signed
from vestry.server.operator import run_offline
from vestry.server.settings import Settings

SERVER_CPU, CLIENT_CPU = 0, 1
DIFFERENT = 400
#: Assertions are used once: more are made for each second than a server could take.
SAML_RATE = 800

Sent = Sequence[tuple[dict[str, str], str]]


def main() -> None:
    """Run the rounds and print the medians and ratios."""
    options = report.asked("bin/bench", __doc__)
    found = run(options.rounds, options.seconds)
    medians = {name: report.median(rounds) for name, rounds in found.items()}
    report.show(medians, ratios(medians), 40)
    if options.json:
        options.json.write_text(json.dumps({name: msgspec.to_builtins(row) for name, row in medians.items()}))


def bodies(action: str, arns: list[str]) -> list[str]:
    """Return DIFFERENT form bodies of an STS action."""
    common = {"Action": action, "Version": "2011-06-15"}
    if action == "GetCallerIdentity":
        return [urlencode(common | {"Nonce": n}) for n in range(DIFFERENT)]
    return [
        urlencode(common | {"RoleArn": arn, "RoleSessionName": f"session-{n}"})
        for n, arn in enumerate(arns[:DIFFERENT])
    ]


def run(rounds: int, seconds: int) -> dict[str, list[Measured]]:
    """Measure everything, round by round."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        targets: list[tuple[str, str, Sent | Callable[[], Sent], int]] = []
        idp = stack.enter_context(federation.provider(Path(folder) / "idp"))
        for label, accounts, roles in (("1,000 roles", 1, 1000), ("100,000 roles", 100, 1000)):
            data = Path(folder) / label.replace(",", "").replace(" ", "-")
            print(f"preparing {label} …", flush=True)
            made = places.prepare(data, accounts, roles)
            keys = _caller(data, made)
            trusting = run_offline(Settings(data=data), "account.create", {"alias": "federation"})
            endpoint, pid = stack.enter_context(places.vestry(data, SERVER_CPU))
            arns = places.role_arns(made, roles, DIFFERENT)
            targets.append(
                (
                    f"AssumeRole, {label}",
                    endpoint,
                    signed(endpoint, "sts", bodies("AssumeRole", arns), keys),
                    pid,
                )
            )
            if accounts == 1:
                web = federation.requests(endpoint, trusting, idp, bodies_of=DIFFERENT)
                targets.append(("AssumeRoleWithWebIdentity, keys at hand", endpoint, web, pid))
                saml = federation.Saml(endpoint, trusting, idp)
                targets.append(
                    ("AssumeRoleWithSAML", endpoint, partial(saml.requests, SAML_RATE * seconds), pid)
                )
                who = signed(endpoint, "sts", bodies("GetCallerIdentity", arns), keys)
                targets.append(("GetCallerIdentity", endpoint, who, pid))
        endpoint, pid = stack.enter_context(places.floor(SERVER_CPU))
        targets.append(
            (
                "floor: bare ASGI application",
                endpoint,
                signed(endpoint, "sts", bodies("AssumeRole", arns), keys),
                pid,
            )
        )
        peer = stack.enter_context(places.moto(SERVER_CPU))
        if peer is not None:
            endpoint, pid = peer
            for action in ("AssumeRole", "GetCallerIdentity"):
                sent = signed(endpoint, "sts", bodies(action, arns), keys)
                targets.append((f"moto_server {action}", endpoint, sent, pid))
        else:
            print("moto_server is not installed: its rows are missing")
        found: dict[str, list[Measured]] = {name: [] for name, *_ in targets}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for name, endpoint, requests, pid in targets:
                sent = requests() if callable(requests) else requests
                found[name].append(measure(endpoint, sent, pid, seconds=seconds, cpu=CLIENT_CPU))
        return found


def _caller(data: Path, made: list[dict[str, str]]) -> dict[str, str]:
    """Return the key of a user who may assume every role; it is made through the front, like any other."""
    import boto3

    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}'
    )
    assert run_offline(Settings(data=data), "account.list", {})["Accounts"]
    with places.vestry(data, SERVER_CPU) as (endpoint, _):
        iam = boto3.client(
            "iam",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=made[0]["AccessKeyId"],
            aws_secret_access_key=made[0]["SecretAccessKey"],
        )
        iam.create_user(UserName="bench")
        iam.put_user_policy(UserName="bench", PolicyName="assume", PolicyDocument=policy)
        key: dict[str, str] = iam.create_access_key(UserName="bench")["AccessKey"]
        return key


def ratios(medians: dict[str, Measured]) -> dict[str, float]:
    """Return what the marks are about."""
    role, many = medians["AssumeRole, 1,000 roles"], medians["AssumeRole, 100,000 roles"]
    bare = medians["floor: bare ASGI application"]
    found = {
        "AssumeRole / floor, requests per second (mark: 0.15)": role.rate / bare.rate,
        "AssumeRoleWithWebIdentity / AssumeRole, requests per second (mark: 0.40)": (
            medians["AssumeRoleWithWebIdentity, keys at hand"].rate / role.rate
        ),
        "AssumeRoleWithSAML / AssumeRole, requests per second": medians["AssumeRoleWithSAML"].rate
        / role.rate,
        "GetCallerIdentity / floor, requests per second": medians["GetCallerIdentity"].rate / bare.rate,
        "CPU a request, 100,000 / 1,000 roles (mark: within 0.10)": many.cpu / role.cpu,
    }
    if "moto_server AssumeRole" in medians:
        found["AssumeRole / moto_server, requests per second (mark: 15)"] = (
            role.rate / medians["moto_server AssumeRole"].rate
        )
        found["GetCallerIdentity / moto_server, requests per second"] = (
            medians["GetCallerIdentity"].rate / medians["moto_server GetCallerIdentity"].rate
        )
    return found


if __name__ == "__main__":
    main()
