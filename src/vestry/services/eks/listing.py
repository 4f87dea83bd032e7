"""Associations of a cluster, listed. Source: EKS API reference, ListPodIdentityAssociations."""

from __future__ import annotations

from vestry.services.eks import resources
from vestry.services.eks.lookups import the_cluster
from vestry.services.eks.pages import paged
from vestry.services.operation import Answer, Call, operation


@operation("eks:ListPodIdentityAssociations", on=resources.cluster)
def list_pod_identity_associations(call: Call) -> Answer:
    """List a cluster's associations by id, all or those of a namespace or service account.

    Errors: ResourceNotFoundException, InvalidParameterException (nextToken).
    """
    namespace, account = call.get("namespace"), call.get("serviceAccount")
    found = [
        one
        for one in call.account.workloads.of_cluster(the_cluster(call))
        if namespace in (None, one.namespace) and account in (None, one.service_account)
    ]
    shown, token = paged(call, found, lambda one: one.id)
    return {
        "associations": [
            {
                "clusterName": one.cluster,
                "namespace": one.namespace,
                "serviceAccount": one.service_account,
                "associationArn": one.arn,
                "associationId": one.id,
            }
            for one in shown
        ],
        "nextToken": token,
    }
