"""Who presents a Kubernetes service account's token: from the token and a cluster to a pod.

Source: EKS Auth API reference, AssumeRoleForPodIdentity; Kubernetes, "Managing service accounts", on bound tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vestry.access.proof import AtHand, Issuer, Needs
from vestry.credentials.oidc import read_token, verify_token
from vestry.directory.workloads import Cluster
from vestry.errors import InvalidIdentityToken, InvalidServiceAccountToken

#: The audience of the tokens that pods are given for this.
AUDIENCE = "pods.eks.amazonaws.com"

_NOT_BOUND = "The token is not that of a pod's service account."
_NO_KEY = "The keys of the cluster's token issuer could not be retrieved."


class Pod(msgspec.Struct, frozen=True, gc=False):
    """A pod, as its token names it. INVARIANT: made only from a token whose signature, audience and times were verified."""

    namespace: str
    service_account: str
    name: str
    uid: str
    node: str = ""  # where it runs, which older tokens do not say


def proven_pod(text: str, cluster: Cluster, at_hand: AtHand, wall: int) -> Pod | Needs:
    """Return the pod that a token speaks for; `wall` is the real clock's reading in epoch seconds.

    1. The token is one (`read_token`), and its issuer is the cluster's.
    2. The issuer's keys are at hand, the one among them that the token names. Answers Needs, once.
    3. Signature, times, subject and audience hold (`verify_token`).
    4. It is bound to a pod, and its subject is the service account that its claims name.

    Raises InvalidServiceAccountToken, ExpiredIdentityToken.
    """
    try:
        token = read_token(text)
        if token.issuer != cluster.issuer:  # 1
            raise InvalidServiceAccountToken(f"The token's issuer is not that of the cluster {cluster.name}.")
        key = at_hand.key_of(token, Issuer(cluster.issuer, cluster.thumbprints))  # 2
        if isinstance(key, Needs):
            return key
        if key is None:
            raise InvalidServiceAccountToken(
                _NO_KEY, hint="The server's log says why the issuer's keys could not be had."
            )
        identity = verify_token(token, key, (AUDIENCE,), wall)  # 3
    except InvalidIdentityToken as fault:
        raise InvalidServiceAccountToken(fault.message, hint=fault.hint) from None
    pod = _bound_to(identity.claims)
    if pod is None or identity.subject != f"system:serviceaccount:{pod.namespace}:{pod.service_account}":  # 4
        raise InvalidServiceAccountToken(
            _NOT_BOUND, hint="Project it into the pod: serviceAccountToken, with this audience."
        )
    return pod


def _bound_to(claims: Mapping[str, Any]) -> Pod | None:
    said = _mapping(claims.get("kubernetes.io"))
    account, pod = _mapping(said.get("serviceaccount")), _mapping(said.get("pod"))
    found = (said.get("namespace"), account.get("name"), pod.get("name"), pod.get("uid"))
    if not all(isinstance(value, str) and value for value in found):
        return None
    node = _mapping(said.get("node")).get("name", "")
    namespace, service_account, name, uid = map(str, found)
    return Pod(namespace, service_account, name, uid, str(node))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
