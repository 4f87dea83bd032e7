"""A node with the agent at the address where pods look for it: nothing is configured but what EKS sets in a pod."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuers import Certificates, issuing
from places import document, statement
from pods import Cluster
from running import CLEAN, machine, needs_namespaces, needs_slirp, run
from serving import Server

#: Who may give the node its address is root, of this machine or of a user namespace.
AS_ROOT = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--"]

NODE = """
ip address add 169.254.170.23/32 dev lo
"$PYTHON" -m vestry.cli pod-identity-agent --cluster prod --json >"$FOLDER/ready" &
while [ ! -s "$FOLDER/ready" ]; do kill -0 $! || exit 3; sleep 0.05; done
export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials
export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$FOLDER/token"
"$PYTHON" -m awscli sts get-caller-identity --output json
"""


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    certificates = Certificates(tmp_path)
    with issuing(certificates) as issuer:
        yield Cluster(server, issuer, certificates.thumbprint())


@needs_namespaces
@needs_slirp
@pytest.mark.skipif(not shutil.which("ip"), reason="iproute2 is not installed")
def test_the_agent_answers_at_its_own_address_with_the_role_of_the_node_it_runs_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.associate()
    node = machine(cluster.place, "node-role")
    allowed = document(statement("Allow", "eks-auth:AssumeRoleForPodIdentity", cluster.arn))
    cluster.place.iam.put_role_policy(RoleName="node-role", PolicyName="p", PolicyDocument=allowed)
    (tmp_path / "token").write_text(cluster.token())
    done = run(
        cluster.server.data,
        node,
        *("sh", "-c", NODE),
        before=AS_ROOT,
        environment=CLEAN | {"PYTHON": sys.executable, "FOLDER": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "ready").read_text())["urls"] == ["http://169.254.170.23:80/v1/credentials"]
    assert f"{cluster.place.number}:assumed-role/App/eks-prod-till-6d4cf-" in json.loads(done.stdout)["Arn"]
