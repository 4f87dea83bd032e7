"""What the tests of EKS share: an issuer of a cluster's tokens whose certificate the server trusts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from issuers import Certificates, Issuer, issuing
from pods import Cluster
from serving import Server, serving
from vestry.server.metadata_places import MetadataPlace


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def issuer(certificates: Certificates) -> Iterator[Issuer]:
    with issuing(certificates) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the module's own, which answers instances."""
    with serving(tmp_path_factory.mktemp("data"), metadata=(MetadataPlace("127.0.0.1", 0),)) as running:
        yield running


@pytest.fixture
def cluster(server: Server, issuer: Issuer, certificates: Certificates) -> Cluster:
    """A cluster in an account of its own, whose issuer is trusted by the thumbprint of its certificate."""
    return Cluster(server, issuer, certificates.thumbprint())
