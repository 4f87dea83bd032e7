"""Pod identity associations: which role the pods of a service account are given.

Source: EKS API reference, CreatePodIdentityAssociation and its kin.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from vestry import limits
from vestry.directory.workloads import PodAssociation
from vestry.errors import AssociationInUse, InvalidEksRequest, TooManyAssociations
from vestry.services.eks import resources
from vestry.services.eks.association_checks import checked, checked_tags
from vestry.services.eks.lookups import the_association, the_cluster
from vestry.services.operation import Answer, Call, operation

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_CHARACTERS = 17


@operation(
    "eks:CreatePodIdentityAssociation",
    on=resources.cluster,
    keys=(resources.request_tags,),
    more=(resources.passed_role,),
    writes=True,
)
def create_pod_identity_association(call: Call) -> Answer:
    """Give the pods of a service account a role; a request that comes again under its token is answered as before.

    Errors: ResourceNotFoundException, InvalidParameterException, InvalidRequestException, ResourceInUseException,
    ResourceLimitExceededException.
    """
    cluster = the_cluster(call)
    wanted = PodAssociation(
        account=cluster.account,
        id=_new_id(call),
        region=cluster.region,
        cluster=cluster.name,
        namespace=call.parameters["namespace"],
        service_account=call.parameters["serviceAccount"],
        role=call.parameters["roleArn"],
        created=call.now,
        modified=call.now,
        target=call.get("targetRoleArn") or "",
        no_tags=bool(call.get("disableSessionTags")),
        policy=call.get("policy") or "",
        tags=checked_tags(resources.tag_pairs(call.get("tags"))),
        asked=call.get("clientRequestToken") or "",
    )
    held = call.account.workloads.of_cluster(cluster)
    before = next((one for one in held if one.asked and one.asked == wanted.asked), None)
    if before is not None:
        return _again(before, wanted)
    checked(call, wanted)
    present = call.account.workloads.of_pod(cluster, wanted.namespace, wanted.service_account)
    if present is not None:
        raise AssociationInUse(f"Association already exists: {present.id}")
    if len(held) >= limits.ASSOCIATIONS_PER_CLUSTER:
        raise TooManyAssociations(
            f"The cluster has {limits.ASSOCIATIONS_PER_CLUSTER} pod identity associations, which is the most."
        )
    call.put(wanted)
    return {"association": shape(wanted)}


def _again(before: PodAssociation, wanted: PodAssociation) -> Answer:
    """Return what a request got the first time. Raises InvalidRequestException where it was another request."""
    same = replace(wanted, id=before.id, created=before.created, modified=before.modified)
    if same != before:
        raise InvalidEksRequest("The clientRequestToken was used for another request.")
    return {"association": shape(before)}


@operation("eks:DescribePodIdentityAssociation", on=resources.association)
def describe_pod_identity_association(call: Call) -> Answer:
    """Return an association. Errors: ResourceNotFoundException."""
    return {"association": shape(the_association(call))}


@operation(
    "eks:UpdatePodIdentityAssociation", on=resources.association, more=(resources.passed_role,), writes=True
)
def update_pod_identity_association(call: Call) -> Answer:
    """Change an association; what is not given stays, and an empty target or policy takes it away.

    A request that comes again changes nothing more, so its token is not needed. Errors: ResourceNotFoundException,
    InvalidParameterException, InvalidRequestException.
    """
    present = the_association(call)
    tagless = call.get("disableSessionTags")
    changed = replace(
        present,
        role=call.get("roleArn") or present.role,
        target=call.get("targetRoleArn", present.target),
        no_tags=present.no_tags if tagless is None else tagless,
        policy=call.get("policy", present.policy),
        modified=call.now,
    )
    call.put(checked(call, changed), replacing=present)
    return {"association": shape(changed)}


@operation("eks:DeletePodIdentityAssociation", on=resources.association, writes=True)
def delete_pod_identity_association(call: Call) -> Answer:
    """Delete an association: pods get no further credentials, and those that they have live to their end.

    Errors: ResourceNotFoundException.
    """
    present = the_association(call)
    call.remove(present)
    return {"association": shape(present)}


def shape(association: PodAssociation) -> dict[str, Any]:
    """Return an association in the model's shape. An external id is told where there is a target role."""
    return {
        "clusterName": association.cluster,
        "namespace": association.namespace,
        "serviceAccount": association.service_account,
        "roleArn": association.role,
        "associationArn": association.arn,
        "associationId": association.id,
        "tags": dict(association.tags),
        "createdAt": association.created,
        "modifiedAt": association.modified,
        "disableSessionTags": association.no_tags,
        "targetRoleArn": association.target or None,
        "externalId": association.external_id if association.target else None,
        "policy": association.policy or None,
    }


def _new_id(call: Call) -> str:
    number = int.from_bytes(call.entropy(16), "big")
    digits = []
    for _ in range(_ID_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "a-" + "".join(digits)
