"""Finding what an operation is about, in the region that is asked for, or EKS's words for what is not there."""

from __future__ import annotations

from vestry.directory.workloads import Cluster, PodAssociation
from vestry.errors import ClusterNotFound
from vestry.services.operation import Call


def the_cluster(call: Call, parameter: str = "clusterName") -> Cluster:
    """Return the cluster that a parameter names. Raises ResourceNotFoundException."""
    name = call.parameters[parameter]
    found = call.account.workloads.cluster(call.region, name)
    if found is None:
        raise ClusterNotFound(
            f"No cluster found for name: {name}.", hint="vestry cluster list shows those that are registered."
        )
    return found


def the_association(call: Call) -> PodAssociation:
    """Return the association of parameters clusterName and associationId. Raises ResourceNotFoundException."""
    cluster, identifier = the_cluster(call), call.parameters["associationId"]
    found = call.account.workloads.association(cluster.region, cluster.name, identifier)
    if found is None:
        raise ClusterNotFound(f"No pod identity association found for id: {identifier}.")
    return found
