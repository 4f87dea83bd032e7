"""The tour: the main story, carried out over the socket on a throw-away store, and told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import botocore.config
import botocore.exceptions
import botocore.session
from rich.console import Console
from rich.markup import escape

from vestry.cli.operator import perform
from vestry.cli.story_steps import STEPS, Step, World


def tell() -> int:
    """Carry out every step; return 0 only when each of them behaved."""
    console = Console(highlight=False)
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VESTRY_")}
    command = [sys.executable, "-m", "vestry.cli", "serve", "--ephemeral", "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as server:
        try:
            line = server.stdout.readline() if server.stdout is not None else b""
            if not line:
                console.print("[red]The server did not begin.[/] Run vestry serve --ephemeral to see why.")
                return 1
            told, wrong = _tell(console, json.loads(line))
        finally:
            server.terminate()
            server.wait(15)
    took = time.monotonic() - began
    if wrong:
        console.print(f"\n[bold red]{wrong} of {told} steps did not behave.[/]")
        return 1
    console.print(f"\n[bold green]All {told} steps behaved[/], in {took:.1f} seconds.")
    console.print("Next: vestry serve, then vestry account create production --profile production")
    return 0


def _tell(console: Console, ready: dict[str, str]) -> tuple[int, int]:
    world: World = {}
    for alias in ("production", "development"):
        world[alias] = perform("account.create", {"alias": alias}, Path(ready["data"]), None)
        console.print(f"Account [bold]{alias}[/] is {world[alias]['AccountId']}; its root user has a key.")
    told = wrong = 0
    for title, steps in STEPS:
        console.print(f"\n[bold]{title}[/]")
        for step in steps:
            told += 1
            code, said = _carry_out(step, world, ready["endpoint"])
            good = code == step.expected and step.says in said
            wrong += not good
            _narrate(console, step, code, said, good)
    return told, wrong


def _carry_out(step: Step, world: World, endpoint: str) -> tuple[str, str]:
    """Send a step's request; return the error code ("" for success) and what was answered."""
    client = _client(step.service, world[step.who], endpoint)
    try:
        answer: dict[str, Any] = getattr(client, step.operation)(**step.parameters(world))
    except botocore.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"]), str(error.response["Error"].get("Message", ""))
    answer.pop("ResponseMetadata", None)
    step.keep(world, answer)
    return "", json.dumps(answer, default=str)


def _client(service: str, keys: dict[str, Any], endpoint: str) -> Any:
    global _session
    if _session is None:
        _session = botocore.session.Session()
    return _session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=botocore.config.Config(parameter_validation=False, retries={"max_attempts": 0}),
    )


_session: botocore.session.Session | None = None


def _narrate(console: Console, step: Step, code: str, said: str, good: bool) -> None:
    sign = "[green]✓[/]" if good else "[red]✗[/]"
    name = f"{step.service}:{step.operation.replace('_', '-')}"
    if code:
        console.print(f" {sign} [cyan]{step.who}[/] {name}  →  [yellow]{code}[/]")
        console.print(f"     {escape(said)}", style="dim")
    else:
        console.print(f" {sign} [cyan]{step.who}[/] {name}  →  [green]done[/]{_shown(said)}")
    console.print(f"     {step.why} [dim]({step.layer})[/]")
    if not good:
        wanted = step.expected or "success"
        console.print(f"     [red]expected {wanted}, with: {escape(step.says)}[/]")


def _shown(said: str) -> str:
    """Return what is worth seeing of an answer: an ARN, never a secret."""
    for part in said.split('"'):
        if part.startswith("arn:aws:"):
            return f"  [dim]{escape(part)}[/]"
    return ""
