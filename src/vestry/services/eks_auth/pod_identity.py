"""AssumeRoleForPodIdentity: the credentials of a pod's role, by the token of its service account.

EKS assumes the role, by way of its trust policy, which is asked each time; where the association has a target role, the
first role's session assumes that one. Sources: EKS Auth API reference; EKS User Guide, "Learn how EKS Pod Identity grants
pods access to AWS services", "Enable or disable session tags" and "Access AWS resources using EKS Pod Identity target
IAM roles".
"""

from __future__ import annotations

import uuid
from typing import Any

from vestry import limits
from vestry.access.delivery import Delivery, deliver
from vestry.access.pod_identity import AUDIENCE, Pod, proven_pod
from vestry.access.proof import Needs
from vestry.arn import session_arn
from vestry.credentials.seal import SALT_BYTES
from vestry.credentials.session import SessionClaims, mint
from vestry.directory.entities import Pairs, Role
from vestry.directory.workloads import Cluster, PodAssociation
from vestry.errors import AccessDenied, ClusterNotFound, InvalidEksRequest, PackedPolicyTooLarge
from vestry.services.eks import resources
from vestry.services.eks.lookups import the_cluster
from vestry.services.eks_auth.node import check_node
from vestry.services.eks_auth.target_role import Assumed, assume_target
from vestry.services.operation import Call, Outcome, operation
from vestry.services.sts.session_policy import checked_size

_DENIED = "Unauthorized Exception! EKS does not have permissions to assume the associated role."


@operation("eks-auth:AssumeRoleForPodIdentity", on=resources.cluster)
def assume_role_for_pod_identity(call: Call) -> Outcome:
    """Return a pod's credentials. Answers Needs where the keys of the cluster's issuer are not at hand.

    Errors: ResourceNotFoundException, InvalidTokenException, ExpiredTokenException, InvalidParameterException,
    InvalidRequestException, AccessDeniedException.
    """
    cluster = the_cluster(call, "clusterName")
    pod = proven_pod(call.parameters["token"], cluster, call.at_hand, call.wall)
    if isinstance(pod, Needs):
        return pod
    check_node(call, pod)
    association = call.account.workloads.of_pod(cluster, pod.namespace, pod.service_account)
    if association is None:
        raise ClusterNotFound(
            f"No pod identity association found for the service account {pod.service_account} in the namespace "
            f"{pod.namespace}.",
            hint="aws eks create-pod-identity-association makes one.",
        )
    role, claims = _delivered(call, cluster, association, pod)
    if association.target:
        assumed = assume_target(call, role, claims, association)
    else:
        minted = mint(call.keyring.ring(call.root), claims, call.entropy(SALT_BYTES))
        assumed = Assumed(
            f"{role.id}:{claims.name}", session_arn(role.account, role.name, claims.name), minted
        )
    return _answer(pod, association, assumed)


def _delivered(
    call: Call, cluster: Cluster, association: PodAssociation, pod: Pod
) -> tuple[Role, SessionClaims]:
    """Return the association's role and the claims of its session. Raises AccessDenied, InvalidRequestException."""
    role = call.root.principal(association.role)
    if not isinstance(role, Role):
        raise AccessDenied(_DENIED, hint=f"The role {association.role} does not exist any more.")
    tags = () if association.no_tags else session_tags(cluster, pod)
    policy = "" if association.target else association.policy
    try:
        checked_size(policy, (), tags, False)
    except PackedPolicyTooLarge as fault:
        raise InvalidEksRequest(fault.message) from None
    delivery = Delivery(
        service=resources.SERVICE,
        role=role,
        name=session_name(cluster.name, pod.name, call.entropy(16)),
        region=call.region,
        issued=call.now,
        expires=call.now + min(limits.POD_SESSION, role.longest_session),
        source_arn=cluster.arn,
        source_account=cluster.account,
        policy=policy,
        tags=tags,
        transitive=tuple(key for key, _ in tags),
    )
    try:
        return role, deliver(delivery, call.root, call.documents, call.now)
    except AccessDenied as denial:
        hint = f"Its trust policy must let {resources.SERVICE} use sts:AssumeRole and sts:TagSession."
        raise denial.reworded(_DENIED, hint=hint) from None


def session_tags(cluster: Cluster, pod: Pod) -> Pairs:
    """Return the tags that EKS attaches, sorted by key; all of them are transitive."""
    return (
        ("eks-cluster-arn", cluster.arn),
        ("eks-cluster-name", cluster.name),
        ("kubernetes-namespace", pod.namespace),
        ("kubernetes-pod-name", pod.name),
        ("kubernetes-pod-uid", pod.uid),
        ("kubernetes-service-account", pod.service_account),
    )


def session_name(cluster: str, pod: str, entropy: bytes) -> str:
    """Return the name of a pod's session; `entropy` is 16 random bytes."""
    most = limits.SESSION_NAME_PART
    return f"eks-{cluster[:most]}-{pod[:most]}-{uuid.UUID(bytes=entropy, version=4)}"


def _answer(pod: Pod, association: PodAssociation, assumed: Assumed) -> dict[str, Any]:
    credentials = assumed.credentials
    return {
        "subject": {"namespace": pod.namespace, "serviceAccount": pod.service_account},
        "audience": AUDIENCE,
        "podIdentityAssociation": {
            "associationArn": association.arn,
            "associationId": association.id,
        },
        "assumedRoleUser": {"arn": assumed.arn, "assumeRoleId": assumed.id},
        "credentials": {
            "accessKeyId": credentials.access_key_id,
            "secretAccessKey": credentials.secret_access_key,
            "sessionToken": credentials.token,
            "expiration": credentials.expires,
        },
    }
