"""What can change about a role: description, longest session, trust policy.

Source: IAM API reference, UpdateRole, UpdateRoleDescription, UpdateAssumeRolePolicy.
"""

from __future__ import annotations

import msgspec

from vestry.services.iam import resources, trust
from vestry.services.iam.lookups import the_role
from vestry.services.iam.roles import role_shape
from vestry.services.operation import Answer, Call, operation


@operation("iam:UpdateRole", on=resources.role_named, writes=True)
def update_role(call: Call) -> Answer:
    """Set description and longest session; what is left out stays. Errors: NoSuchEntity."""
    role = the_role(call)
    changed = msgspec.structs.replace(
        role,
        description=call.get("Description", role.description),
        longest_session=call.get("MaxSessionDuration", role.longest_session),
    )
    call.put(changed, replacing=role)
    return {}


@operation("iam:UpdateRoleDescription", on=resources.role_named, writes=True)
def update_role_description(call: Call) -> Answer:
    """Set the description and return the role. Errors: NoSuchEntity."""
    role = the_role(call)
    changed = msgspec.structs.replace(role, description=call.parameters["Description"])
    call.put(changed, replacing=role)
    return {"Role": role_shape(call, changed) | {"Description": changed.description}}


@operation("iam:UpdateAssumeRolePolicy", on=resources.role_named, writes=True)
def update_assume_role_policy(call: Call) -> Answer:
    """Replace the trust policy; live sessions go on. Errors: NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
    role = the_role(call)
    document = trust.bind(call.root, call.account, call.parameters["PolicyDocument"])
    call.put(msgspec.structs.replace(role, trust=document), replacing=role)
    return {}
