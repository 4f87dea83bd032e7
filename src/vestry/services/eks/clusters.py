"""Clusters, as far as they are known here: shown and listed. Source: EKS API reference, DescribeCluster, ListClusters."""

from __future__ import annotations

from vestry.errors import InvalidEksParameter
from vestry.services.eks import resources
from vestry.services.eks.lookups import the_cluster
from vestry.services.eks.pages import paged
from vestry.services.operation import Answer, Call, operation


@operation("eks:DescribeCluster", on=resources.shown_cluster)
def describe_cluster(call: Call) -> Answer:
    """Return what is registered of a cluster, which is always active. Errors: ResourceNotFoundException."""
    cluster = the_cluster(call, "name")
    return {
        "cluster": {
            "name": cluster.name,
            "arn": cluster.arn,
            "createdAt": cluster.created,
            "identity": {"oidc": {"issuer": cluster.issuer}},
            "status": "ACTIVE",
            "tags": {},
        }
    }


@operation("eks:ListClusters", on=resources.clusters)
def list_clusters(call: Call) -> Answer:
    """List the clusters of the region, by name; none comes from EKS Connector. Errors: InvalidParameterException."""
    if set(call.get("include") or ()) - {"all"}:
        raise InvalidEksParameter("include may only be all.")
    found = sorted(one.name for one in call.account.workloads.clusters.values() if one.region == call.region)
    shown, token = paged(call, found, str)
    return {"clusters": shown, "nextToken": token}
