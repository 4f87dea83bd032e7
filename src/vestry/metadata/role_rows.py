"""The role of an instance: its profile, and the temporary credentials of the role in it.

EC2 assumes the role for the instance, by way of the trust policy, which is asked at each request. Whatever changes
(the profile, the role in it, its trust policy) shows in the very next answer.
Sources: EC2 User Guide, "IAM roles for Amazon EC2"; IAM User Guide, "Troubleshoot IAM and Amazon EC2".
"""

from __future__ import annotations

from collections.abc import Sequence

from vestry.access.delivery import Delivery, deliver
from vestry.credentials.session import SessionClaims
from vestry.directory import network
from vestry.directory.entities import Role
from vestry.directory.machines import Instance
from vestry.errors import AccessDenied
from vestry.metadata.rotation import slot
from vestry.metadata.tree import ANY, Row
from vestry.metadata.view import View
from vestry.metadata.writing import document, moment

ROLES = "meta-data/iam/security-credentials"
SERVICE = "ec2.amazonaws.com"

_HELP = (
    "Please see documentation at "
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc."
)


def role_of(view: View) -> Role | None:
    """Return the role in the profile of the instance, None where there is none."""
    profile = view.account.profile_of(view.instance)
    return None if profile is None else view.account.role_by_id(profile.role)


def role_names(view: View) -> Sequence[str]:
    """Return the names of the roles whose credentials are served: one or none."""
    role = role_of(view)
    return () if role is None else (role.name,)


def source_keys(instance: Instance, delivery: str) -> tuple[tuple[str, str], ...]:
    """Return the condition keys that EC2 freezes into the sessions of an instance (lower-case names)."""
    return (
        ("aws:ec2instancesourceprivateipv4", instance.address),
        ("aws:ec2instancesourcevpc", network.vpc_id(instance.account, instance.region)),
        ("ec2:roledelivery", delivery),
        ("ec2:sourceinstancearn", instance.arn),
    )


def _credentials(view: View, _: str) -> str:
    role, instance = role_of(view), view.instance
    assert role is not None, "its name was found"
    when = slot(instance, role.id, view.now, role.longest_session)
    try:
        claims = _delivered(view, role, *when)
    except AccessDenied:
        text = f"EC2 cannot assume the role {role.name}. {_HELP}"
        return document(
            {"Code": "AssumeRoleUnauthorizedAccess", "Message": text, "LastUpdated": moment(when.issued)}
        )
    return view.minted.document((instance.id, view.delivery, role.id), view.ring, claims)


def _delivered(view: View, role: Role, issued: int, expires: int) -> SessionClaims:
    instance = view.instance
    delivery = Delivery(
        service=SERVICE,
        role=role,
        name=instance.id,
        region=instance.region,
        issued=issued,
        expires=expires,
        source_arn=instance.arn,
        source_account=instance.account,
        context=source_keys(instance, view.delivery),
    )
    return deliver(delivery, view.root, view.documents, view.now)


def _info(view: View, _: str) -> str | None:
    """Return what is known of the profile, None where the instance has none."""
    association = view.instance.association
    if association is None:
        return None
    profile = view.account.profile_of(view.instance)
    updated = moment(slot(view.instance, association.profile, view.now).issued)
    if profile is None:
        text = f"Instance Profile {association.arn} cannot be found. {_HELP}"
        return document({"Code": "InstanceProfileNotFound", "Message": text, "LastUpdated": updated})
    members = {"Code": "Success"}
    if not profile.role:
        members["Message"] = f"Instance Profile does not contain a role. {_HELP}"
    members["LastUpdated"] = updated
    members["InstanceProfileArn"] = profile.arn
    members["InstanceProfileId"] = profile.id
    return document(members)


ROWS = (
    Row("meta-data/iam/info", _info, lambda view: view.instance.association is not None),
    Row(f"{ROLES}/{ANY}", _credentials),
)
