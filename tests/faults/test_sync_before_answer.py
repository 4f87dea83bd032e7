"""An acknowledged change survives a power cut: the system calls show the sync before the answer."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import boto3
import pytest

from processes import process
from vestry.cli.operator import perform

CHANGES = 25


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_every_answer_to_a_change_is_sent_after_the_log_was_synced(data: Path, tmp_path: Path) -> None:
    keys = perform("account.create", {"alias": "traced"}, data, None)
    trace = tmp_path / "trace"
    strace = [
        "strace",
        "-f",
        "-y",
        "-s",
        "200",
        "-e",
        "trace=fsync,fdatasync,write,writev,sendto,sendmsg",
        "-o",
    ]
    with process(data, before=[*strace, str(trace)]) as server:
        client = boto3.client(
            "iam",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
        )
        for number in range(CHANGES):
            client.create_user(UserName=f"u{number}")
    events = []
    for line in trace.read_text(errors="replace").splitlines():
        if re.search(r"f(?:data)?sync\(\d+<[^>]*vestry\.db-wal>\) += 0", line) or re.search(
            r"<\.\.\. f(?:data)?sync resumed>.*= 0", line
        ):
            events.append("sync")
        elif "HTTP/1.1 200 OK" in line and "socket" in line:
            events.append("answer")
    assert events.count("answer") >= CHANGES, "the trace does not show the answers"
    synced = False
    for event in events:
        if event == "sync":
            synced = True
        else:
            assert synced, "an answer left before its change was synced"
            synced = False
