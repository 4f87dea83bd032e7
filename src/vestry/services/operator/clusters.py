"""Kubernetes clusters: registered, listed and deleted by the operator.

EKS's CreateCluster would start one, and cannot say who issues a cluster's tokens: so the operator says it. DescribeCluster
and ListClusters then show it, and associations can be made for its service accounts.
"""

from __future__ import annotations

import re
from typing import Any

from vestry import limits
from vestry.directory.snapshot import Root
from vestry.directory.workloads import Cluster
from vestry.errors import EntityAlreadyExists, NoSuchEntity, ValidationError
from vestry.services.iam.oidc_providers import provider_address
from vestry.services.operator.call import OperatorCall
from vestry.services.operator.names import checked_name, checked_region

_THUMBPRINT = re.compile(r"[0-9a-f]{40}", re.ASCII)


def create(call: OperatorCall) -> dict[str, Any]:
    """Register a cluster in an account and region.

    Errors: NoSuchEntity (the account), ValidationError, InvalidInput (the issuer's URL), EntityAlreadyExists.
    """
    arguments = call.arguments
    account = call.draft.root.account(str(arguments["account"]))
    if account is None:
        raise NoSuchEntity(
            f"The account {arguments['account']} cannot be found.", hint="vestry account list shows them."
        )
    issuer = f"https://{provider_address(str(arguments['issuer']))}"
    thumbprints = tuple(str(text).lower() for text in arguments.get("thumbprints") or ())
    if len(thumbprints) > limits.THUMBPRINTS_PER_PROVIDER or not all(map(_THUMBPRINT.fullmatch, thumbprints)):
        raise ValidationError(
            "A thumbprint is the SHA-1 of a certificate: forty hexadecimal digits.",
            hint=f"At most {limits.THUMBPRINTS_PER_PROVIDER} may be given.",
        )
    name, region = checked_name(arguments["name"]), checked_region(arguments["region"])
    cluster = Cluster(account.id, region, name, issuer, call.now, thumbprints)
    if cluster.id in account.workloads.clusters:
        raise EntityAlreadyExists(f"The cluster {cluster.arn} already exists.", hint="Choose another name.")
    call.draft.put(cluster)
    return _shape(cluster, 0)


def list_all(call: OperatorCall) -> dict[str, Any]:
    """List the clusters, by ARN."""
    found = sorted(_all(call.draft.root), key=lambda cluster: cluster.arn)
    return {"Clusters": [_shape(one, _associations(call.draft.root, one)) for one in found]}


def delete(call: OperatorCall) -> dict[str, Any]:
    """Delete a cluster with its associations. Errors: NoSuchEntity, ValidationError."""
    root = call.draft.root
    cluster = the_cluster(root, str(call.arguments["name"]))
    associations = root.accounts[cluster.account].workloads.of_cluster(cluster)
    for association in associations:
        call.draft.remove(association)
    call.draft.remove(cluster)
    return _shape(cluster, len(associations))


def the_cluster(root: Root, name: str) -> Cluster:
    """Return the cluster of that name or ARN. Raises NoSuchEntity, ValidationError (several have that name)."""
    found = [cluster for cluster in _all(root) if name in (cluster.name, cluster.arn)]
    if not found:
        raise NoSuchEntity(f"The cluster {name} cannot be found.", hint="vestry cluster list shows them.")
    if len(found) > 1:
        arns = ", ".join(sorted(cluster.arn for cluster in found))
        raise ValidationError(f"There are several clusters {name}.", hint=f"Name it by its ARN: {arns}")
    return found[0]


def _all(root: Root) -> list[Cluster]:
    return [cluster for account in root.accounts.values() for cluster in account.workloads.clusters.values()]


def _associations(root: Root, cluster: Cluster) -> int:
    return len(root.accounts[cluster.account].workloads.of_cluster(cluster))


def _shape(cluster: Cluster, associations: int) -> dict[str, Any]:
    return {
        "Name": cluster.name,
        "AccountId": cluster.account,
        "Region": cluster.region,
        "ClusterArn": cluster.arn,
        "Issuer": cluster.issuer,
        "Associations": associations,
    }
