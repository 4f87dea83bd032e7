"""Pods, the whole way: the lines of docs/containers.md with the built-in issuer, and a node that is an instance."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launching import EC2_TRUST, ec2_client, launch
from places import Place, document, statement, trusting
from running import CLEAN, VESTRY, needs_namespaces
from serving import Server, serving

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "containers.md").read_text()
SUBJECT = "system:serviceaccount:shop:till"
TRUST = trusting({"Service": "pods.eks.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"])


@contextlib.contextmanager
def issuer(data: Path) -> Iterator[dict[str, Any]]:
    """Run `vestry idp serve` until the block ends; yield what it said of itself."""
    command = [*VESTRY, "idp", "serve", "--json", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=CLEAN) as running:
        assert running.stdout is not None
        try:
            yield json.loads(running.stdout.readline())
        finally:
            running.terminate()
            running.wait(20)


class Kubernetes:
    """A server, an issuer that it trusts, and an account with the role `App`."""

    def __init__(self, server: Server, folder: Path, url: str) -> None:
        self.server, self.folder, self.url = server, folder, url
        self.place = Place(server)
        self.role = self.place.role("App", TRUST)
        (folder / "bin").mkdir()
        script = folder / "bin" / "vestry"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vestry.cli "$@"\n')
        script.chmod(0o755)
        self.environment = CLEAN | {
            "VESTRY_DATA": str(server.data),
            "VESTRY_IDP_DATA": str(folder / "idp"),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def shell(self, text: str, **environment: str) -> str:
        """Run lines of a shell; return what they printed."""
        done = subprocess.run(
            ["sh", "-eu", "-c", text],
            cwd=self.folder, env=self.environment | environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubernetes]:
    with issuer(tmp_path / "idp") as ready:
        monkeypatch.setenv("SSL_CERT_FILE", ready["authority"])
        with serving(tmp_path / "data") as server:
            yield Kubernetes(server, tmp_path, ready["issuer"])


def test_the_lines_for_trying_it_without_a_cluster_work_as_they_are_written(kubernetes: Kubernetes) -> None:
    (lines,) = [text for text in re.findall(r"```sh\n(.*?)```", PAGE, re.S) if "idp token" in text]
    place = kubernetes.place
    said = kubernetes.shell(
        lines.replace("https://localhost:8443", kubernetes.url).replace("production", place.number),
        AWS_ENDPOINT_URL=kubernetes.server.endpoint,
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID=place.keys["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=place.keys["SecretAccessKey"],
    )
    answer = json.loads(said[said.rindex('{\n    "subject"') :])
    assert answer["subject"] == {"namespace": "shop", "serviceAccount": "till"}
    assert f"{place.number}:assumed-role/App/eks-test-till-0-" in answer["assumedRoleUser"]["arn"]


NODE = """
vestry pod-identity-agent --cluster test --listen 127.0.0.1:0 --json >ready &
trap 'kill $!' EXIT
until [ -s ready ]; do sleep 0.1; done
AWS_CONTAINER_CREDENTIALS_FULL_URI=$(python -c 'import json; print(json.load(open("ready"))["urls"][0])')
export AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token
python -m awscli sts get-caller-identity --query Arn --output text
"""


@needs_namespaces
def test_the_agent_of_a_node_that_is_an_instance_signs_with_its_role(kubernetes: Kubernetes) -> None:
    place = kubernetes.place
    kubernetes.server.operator(
        "cluster.create", name="test", account=place.number, issuer=kubernetes.url, region="us-east-1"
    )
    place.client("eks", place.keys).create_pod_identity_association(
        clusterName="test", namespace="shop", serviceAccount="till", roleArn=kubernetes.role
    )
    place.role("node", EC2_TRUST)
    allowed = document(statement("Allow", "eks-auth:AssumeRoleForPodIdentity"))
    place.iam.put_role_policy(RoleName="node", PolicyName="p", PolicyDocument=allowed)
    place.iam.create_instance_profile(InstanceProfileName="node")
    place.iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="node")
    node = launch(ec2_client(place), IamInstanceProfile={"Name": "node"})["InstanceId"]
    token = f"bin/vestry idp token --sub {SUBJECT} --aud pods.eks.amazonaws.com"
    (kubernetes.folder / "token").write_text(kubernetes.shell(token).strip())
    (kubernetes.folder / "node.sh").write_text(NODE)
    said = kubernetes.shell(
        f'PATH="$PWD/bin:$PATH" vestry run --require-namespace --instance {node} -- sh -eu node.sh'
    )
    assert f"{place.number}:assumed-role/App/eks-test-till-0-" in said
