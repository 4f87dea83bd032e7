"""What an association may say: names, the role, the target role, and the policy.

Sources: EKS API reference, CreatePodIdentityAssociation; EKS User Guide, "Create IAM role with trust policy required by
EKS Pod Identity"; texts as EKS answers them, where they are known.
"""

from __future__ import annotations

import re

from vestry import limits
from vestry.arn import role_account
from vestry.directory.entities import Pairs, Role
from vestry.directory.workloads import PodAssociation
from vestry.errors import InvalidEksParameter, InvalidEksRequest, MalformedPolicyDocument
from vestry.policy.document import DocumentKind, parse_document
from vestry.services.eks.resources import SERVICE
from vestry.services.operation import Call
from vestry.services.trusted_services import names_service

#: What Kubernetes calls a namespace and a service account (RFC 1123).
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_ACCOUNT = re.compile(
    r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.ASCII
)


def checked(call: Call, association: PodAssociation) -> PodAssociation:
    """Return an association that may be.

    1. Namespace and service account are names of Kubernetes.
    2. The role exists, and its trust policy names EKS's principal.
    3. The target role is a role's ARN.
    4. A policy is one for sessions, and goes without session tags.

    Raises InvalidParameterException, InvalidRequestException.
    """
    for name, pattern, text in (
        ("namespace", _NAMESPACE, association.namespace),
        ("serviceAccount", _ACCOUNT, association.service_account),
    ):  # 1
        if not pattern.fullmatch(text):
            raise InvalidEksParameter(f"{name} is not a valid Kubernetes name: {text}")
    _check_role(call, association.role)  # 2
    if association.target and role_account(association.target) is None:  # 3
        raise InvalidEksParameter(f"targetRoleArn is not the ARN of a role: {association.target}")
    if association.policy:  # 4
        _check_policy(association)
    return association


def _check_role(call: Call, arn: str) -> None:
    """Raise InvalidParameterException for a role that EKS could not use. One of another account was denied before:
    iam:PassRole does not reach across accounts."""
    if role_account(arn) is None:
        raise InvalidEksParameter(f"roleArn is not the ARN of a role: {arn}")
    role = call.root.principal(arn)
    if not isinstance(role, Role):
        raise InvalidEksParameter("Role provided in the request does not exist.")
    if not names_service(role, SERVICE, allowing=True):
        raise InvalidEksParameter(
            "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
            hint=f"It must let {SERVICE} use sts:AssumeRole and sts:TagSession.",
        )


def _check_policy(association: PodAssociation) -> None:
    if not association.no_tags:
        raise InvalidEksRequest("disableSessionTags must be true when a policy is specified.")
    if len(association.policy) > limits.SESSION_POLICY_SIZE:
        raise InvalidEksParameter(f"The policy is longer than {limits.SESSION_POLICY_SIZE} characters.")
    try:
        parse_document(association.policy, DocumentKind.SESSION)
    except MalformedPolicyDocument as fault:
        raise InvalidEksParameter(f"The policy is not valid: {fault.message}", hint=fault.hint) from None


def checked_tags(tags: Pairs) -> Pairs:
    """Return the tags of an association. Raises InvalidParameterException."""
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise InvalidEksParameter(f"A resource has at most {limits.TAGS_PER_RESOURCE} tags.")
    for key, value in tags:
        if key.lower().startswith("aws:") or value.lower().startswith("aws:"):
            raise InvalidEksParameter("Tag keys and values that begin with aws: are reserved.")
    return tags
