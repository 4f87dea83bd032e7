"""obstore (Rust's object_store): it exchanges a token for a role by the lines of docs/clients.md, over TLS."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuers import Certificates, issuing
from local_tls import secured
from object_store import PYTHON, ObjectStore
from places import Place, trusting
from recipes import ACCOUNT, CA_FILE, ENDPOINT_TLS, S3, TOKEN_FILE, exports, recipe

LARGE = 11 * 1024 * 1024


class Machine:
    """A machine with a token of an issuer that the account trusts, and with the variables that `tls init` prints."""

    def __init__(self, place: Place, folder: Path, variables: dict[str, str]) -> None:
        self.place, self.token, self.variables = place, folder / "token", variables

    def write(
        self, objects: ObjectStore, bucket: str, role: str = "deploy"
    ) -> subprocess.CompletedProcess[str]:
        """Run the page's program with the page's environment."""
        (program,) = recipe("obstore", "python", {S3: objects.endpoint, '"data"': f'"{bucket}"'})
        said = {
            ENDPOINT_TLS: self.place.server.endpoint,
            ACCOUNT: self.place.number,
            TOKEN_FILE: str(self.token),
            CA_FILE: self.variables["SSL_CERT_FILE"],
            ":role/deploy": f":role/{role}",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(
            [PYTHON, "-c", program],
            env=inherited | exports("obstore", said),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    certificates = Certificates(folder)
    with (
        pytest.MonkeyPatch.context() as patch,
        issuing(certificates) as issuer,
        secured(folder) as (server, variables),
    ):
        patch.setenv("SSL_CERT_FILE", str(certificates.authority))
        place = Place(server)
        made = place.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"])
        place.role("deploy", trusting({"Federated": made["OpenIDConnectProviderArn"]}))
        place.role("closed")
        machine = Machine(place, folder, variables)
        machine.token.write_text(issuer.token())
        yield machine


def test_a_file_is_written_in_parts_by_the_role(machine: Machine, objects: ObjectStore) -> None:
    bucket = objects.bucket()
    done = machine.write(objects, bucket)
    assert (done.stdout, done.returncode) == (f"{LARGE}\n", 0), done.stderr
    assert sum("partNumber=" in one.target for one in objects.asked) == 3
    assert objects.sessions(machine.place.server) == {machine.place.session("deploy", "rust")}
    assert objects.content(bucket, "large") == bytes(LARGE)


def test_the_exchange_is_denied_as_aws_does(machine: Machine, objects: ObjectStore) -> None:
    done = machine.write(objects, objects.bucket(), role="closed")
    assert done.returncode == 1
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in done.stderr
    assert objects.asked == []
