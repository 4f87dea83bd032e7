"""The tour: the main story, carried out over the socket on a throw-away store, and told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import botocore.config
import botocore.exceptions
import botocore.session
from rich.console import Console
from rich.markup import escape

from vestry.cli import profiles, story_decision
from vestry.cli.failure import Failure
from vestry.cli.operator import perform
from vestry.cli.story_machine import credentials_on
from vestry.cli.story_step import Step, World
from vestry.cli.story_steps import STEPS

#: A tour that hangs ends all the same: its server is stopped after so many seconds, and the steps fail.
LONGEST_SECONDS = 60
COMMAND = [sys.executable, "-m", "vestry.cli", "serve", "--ephemeral", "--port", "0", "--json"]


def tell() -> int:
    """Carry out every step; return 0 only when each of them behaved. The server is gone afterwards in every case."""
    console = Console(highlight=False, soft_wrap=True)
    began = time.monotonic()
    with _nothing_of_the_users(), _server() as server:
        line = server.stdout.readline() if server.stdout is not None else b""
        if not line:
            console.print("[red]The server did not begin.[/] Run vestry serve --ephemeral to see why.")
            return 1
        told, wrong = _tell(console, json.loads(line))
    took = time.monotonic() - began
    if wrong:
        console.print(f"\n[bold red]{wrong} of {told} steps did not behave.[/]")
        return 1
    console.print(f"\n[bold green]All {told} steps behaved[/], in {took:.1f} seconds.")
    console.print("Next: vestry serve, then vestry account create production --profile production")
    return 0


@contextlib.contextmanager
def _nothing_of_the_users() -> Iterator[None]:
    """Keep the user's AWS settings, proxies and Vestry settings out of it; profiles go to a folder of the tour's own."""
    kept = dict(os.environ)
    for name in kept:
        if name.startswith(("AWS_", "VESTRY_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="vestry-tour-") as folder:
        os.environ["AWS_CONFIG_FILE"] = str(Path(folder, "config"))
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(Path(folder, "credentials"))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(kept)


@contextlib.contextmanager
def _server() -> Iterator[subprocess.Popen[bytes]]:
    """Start a server, and stop it whatever happens: an error, a refused step, SIGTERM, a hanging answer."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            watchdog = threading.Timer(LONGEST_SECONDS, server.kill)
            watchdog.daemon = True
            watchdog.start()
            try:
                yield server
            finally:
                server.terminate()
                try:
                    server.wait(10)
                except subprocess.TimeoutExpired:
                    server.kill()
                watchdog.cancel()
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(console: Console, ready: Mapping[str, str]) -> tuple[int, int]:
    world: World = {"data": Path(ready["data"])}
    session = _session()
    for alias in ("production", "development"):
        world[alias] = perform("account.create", {"alias": alias}, Path(ready["data"]), None)
        console.print(f"Account [bold]{alias}[/] is {world[alias]['AccountId']}; its root user has a key.")
    told = wrong = 0
    explained = False
    for title, steps in STEPS:
        console.print(f"\n[bold]{title}[/]")
        for step in steps:
            told += 1
            parameters = step.parameters(world)
            code, said, identifier = _carry_out(session, step, parameters, world, ready["endpoint"])
            decision = story_decision.decision_on(Path(ready["data"]), identifier, failed=bool(code))
            good = code == step.expected and step.says in said and decision.layer == step.layer
            wrong += not good
            _narrate(console, step, parameters, (code, said), decision.layer, good=good)
            if not good:
                wanted = step.expected or "success"
                console.print(
                    f"     [red]expected {wanted}, with: {escape(step.says)}; decided by: {step.layer}[/]"
                )
            if decision.denied and not explained:
                explained = True
                _explain(console, identifier, decision.sentences)
    return told, wrong


def _explain(console: Console, identifier: str, sentences: Sequence[str]) -> None:
    """Show what the operator is told of a denial."""
    console.print(f"     [bold]vestry explain {identifier}[/]")
    for line in sentences:
        console.print(f"       [dim]{escape(line)}[/]")


def _carry_out(
    session: Any, step: Step, parameters: Mapping[str, Any], world: World, endpoint: str
) -> tuple[str, str, str]:
    """Send a step's request; return the error code ("" for success), what was answered, and the request's id."""
    try:
        client = _client(session, step.service, step.who, world, endpoint)
        answer: dict[str, Any] = getattr(client, step.operation)(**parameters)
    except botocore.exceptions.ClientError as error:
        told = error.response["Error"]
        identifier = error.response["ResponseMetadata"].get("RequestId", "")
        return str(told["Code"]), str(told.get("Message", "")), identifier
    except (botocore.exceptions.BotoCoreError, Failure) as error:
        return type(error).__name__, str(error), ""
    identifier = answer.pop("ResponseMetadata", {}).get("RequestId", "")
    step.keep(world, answer)
    return "", json.dumps(answer, default=str), identifier


def _session() -> Any:
    """Return a client's session; reading AWS's models is most of its cost, so one serves all keys."""
    session = botocore.session.Session()
    session.set_default_client_config(
        botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1})
    )
    return session


def _client(session: Any, service: str, who: str, world: World, endpoint: str) -> Any:
    if who == "profile":
        session = _session()
        session.set_config_variable("profile", _role_profile(world, endpoint))
        return session.create_client(service)
    if who == "machine" and who not in world:
        world[who] = credentials_on(world["instance"], world["data"])
    keys = world[who]
    return session.create_client(
        service,
        region_name=profiles.DEFAULT_REGION,
        endpoint_url=endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
    )


def _role_profile(world: World, endpoint: str) -> str:
    """Write the profiles that a person would have; return the name of the role's."""
    casey = world["casey"]
    secrets = {
        "aws_access_key_id": casey["AccessKeyId"],
        "aws_secret_access_key": casey["SecretAccessKey"],
    }
    profiles.write("casey", secrets, endpoint)
    with profiles.config_file().open("a", encoding="utf-8") as file:
        file.write(
            f"\n[profile update-app]\nrole_arn = {world['role']}\nsource_profile = casey\n"
            f"endpoint_url = {endpoint}\nregion = {profiles.DEFAULT_REGION}\n"
        )
    return "update-app"


def _narrate(
    console: Console,
    step: Step,
    parameters: Mapping[str, Any],
    answer: tuple[str, str],
    layer: str,
    *,
    good: bool,
) -> None:
    code, said = answer
    sign = "[green]✓[/]" if good else "[red]✗[/]"
    call = f"{step.service} {step.operation.replace('_', '-')}"
    console.print(f" {sign} [cyan]{step.who}[/]  [bold]{call}[/]  {escape(_asked(parameters))}")
    if code:
        console.print(f"     → [yellow]{code}[/]: {escape(said)}")
    else:
        console.print(f"     → [green]done[/] {escape(_shown(said))}")
    console.print(f"     [dim]why: {escape(step.why)} Decided by: {layer}.[/]")


def _asked(parameters: Mapping[str, Any]) -> str:
    """Return a request's parameters, a policy document as its one statement."""
    shown = []
    for name, value in parameters.items():
        if name.endswith("Document"):
            shown.append(f"{name}={json.dumps(json.loads(value)['Statement'][0])}")
        else:
            shown.append(f"{name}={value}")
    return "  ".join(shown)


def _shown(said: str) -> str:
    """Return what is worth seeing of an answer: ARNs, an access key's id, an expiration; never a secret."""
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for name, part in value.items():
                if name in ("Arn", "AccessKeyId", "Expiration"):
                    found.append(f"{name}={part}")
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)

    look(json.loads(said))
    return "  ".join(found)
