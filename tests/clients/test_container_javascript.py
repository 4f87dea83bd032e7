"""The AWS SDK for JavaScript v3 finds container credentials by itself: `fromHttp` and `fromContainerMetadata`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from containers import Task
from serving import serving

PROGRAM = """
import {{ GetCallerIdentityCommand, STSClient }} from "@aws-sdk/client-sts";
import {{ fromContainerMetadata, fromHttp, fromNodeProviderChain }} from "@aws-sdk/credential-providers";
const sts = new STSClient({{ credentials: {provider} }});
console.log((await sts.send(new GetCallerIdentityCommand({{}}))).Arn);
"""


@pytest.mark.parametrize("provider", ["fromHttp()", "fromContainerMetadata()", "fromNodeProviderChain()"])
def test_the_sdk_finds_the_tasks_credentials(tmp_path: Path, provider: str) -> None:
    with serving(tmp_path / "data", containers=(("127.0.0.1", 0),)) as server:
        task = Task(server)
        (tmp_path / "node_modules").symlink_to(Path(__file__).parent / "node_modules")
        (tmp_path / "program.mjs").write_text(PROGRAM.format(provider=provider))
        # The older of the two reads no file with a token.
        environment = task.by_token() if "Metadata" in provider else task.by_file(tmp_path)
        done = subprocess.run(
            ["node", tmp_path / "program.mjs"],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.stdout, done.returncode) == (f"{task.arn}\n", 0), done.stderr
