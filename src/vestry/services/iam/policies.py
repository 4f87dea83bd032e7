"""Customer managed policies. Source: IAM API reference, CreatePolicy, GetPolicy, ListPolicies, DeletePolicy."""

from __future__ import annotations

from typing import Any

from vestry import limits
from vestry.arn import POLICY
from vestry.directory.entities import Policy, PolicyVersion
from vestry.directory.snapshot import ATTACHED, BOUNDARY, Account, page
from vestry.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded
from vestry.policy.document import DocumentKind, document_size, parse_document
from vestry.services.iam import pages, resources
from vestry.services.iam.lookups import check_quota, new_id, new_tags, tag_list, the_policy
from vestry.services.iam.tagging import also_tag
from vestry.services.operation import Answer, Call, operation


def checked_document(call: Call) -> str:
    """Return parameter PolicyDocument when it is a managed policy. Raises MalformedPolicyDocument, LimitExceeded."""
    text: str = call.parameters["PolicyDocument"]
    parse_document(text, DocumentKind.MANAGED)
    if document_size(text) > limits.MANAGED_POLICY_SIZE:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {limits.MANAGED_POLICY_SIZE}")
    return text


def count_uses(account: Account, policy: Policy, use: int) -> int:
    """Return how many entities use a policy in one way (ATTACHED or BOUNDARY)."""
    return sum(1 for uses in account.uses.get(policy.arn, {}).values() if uses & use)


def policy_shape(account: Account, policy: Policy) -> dict[str, Any]:
    """Return the members that every answer with a managed policy has."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default}",
        "AttachmentCount": count_uses(account, policy, ATTACHED),
        "PermissionsBoundaryUsageCount": count_uses(account, policy, BOUNDARY),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


@operation(
    "iam:CreatePolicy",
    on=resources.new_policy,
    keys=(resources.request_tags,),
    more=(also_tag("iam:TagPolicy"),),
    writes=True,
)
def create_policy(call: Call) -> Answer:
    """Create a managed policy. Errors: MalformedPolicyDocument, EntityAlreadyExists, LimitExceeded, InvalidInput."""
    name = call.parameters["PolicyName"]
    tags = new_tags(call, ignore_case=False)
    text = checked_document(call)
    if name.lower() in call.account.policies:
        raise EntityAlreadyExists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    check_quota(len(call.account.policies), limits.POLICIES_PER_ACCOUNT, "PoliciesPerAccount")
    policy = Policy(
        account=call.account.id,
        id=new_id(call, POLICY),
        name=name,
        path=call.get("Path", "/"),
        created=call.now,
        updated=call.now,
        default=1,
        last_number=1,
        versions=(PolicyVersion(1, text, call.now),),
        description=call.get("Description"),
        tags=tags,
    )
    call.put(policy)
    return {"Policy": policy_shape(call.account, policy) | {"Tags": tag_list(tags) or None}}


@operation("iam:GetPolicy", on=resources.policy_named)
def get_policy(call: Call) -> Answer:
    """Return a managed policy. Errors: NoSuchEntity."""
    policy = the_policy(call)
    more = {"Description": policy.description, "Tags": tag_list(policy.tags)}
    return {"Policy": policy_shape(call.account, policy) | more}


@operation("iam:ListPolicies", on=resources.listing("policy"))
def list_policies(call: Call) -> Answer:
    """List managed policies under a path prefix, by name. AWS's own do not exist here yet: Scope AWS is empty."""
    account, usage = call.account, call.get("PolicyUsageFilter")
    only_attached = call.get("OnlyAttached", False)

    def keep(policy: Policy) -> bool:
        if call.get("Scope") == "AWS":
            return False
        if usage is not None:
            return count_uses(account, policy, BOUNDARY if usage == "PermissionsBoundary" else ATTACHED) > 0
        return not only_attached or count_uses(account, policy, ATTACHED) > 0

    prefix = call.get("PathPrefix", "/")
    found, more = page(account.policies, prefix, pages.after(call), pages.wanted(call), keep)
    last = found[-1].name.lower() if found else ""
    return pages.answer("Policies", [policy_shape(account, policy) for policy in found], more, last)


@operation("iam:DeletePolicy", on=resources.policy_named, writes=True)
def delete_policy(call: Call) -> Answer:
    """Delete a managed policy that nothing uses and that has one version. Errors: NoSuchEntity, DeleteConflict."""
    policy = the_policy(call)
    if call.account.uses.get(policy.arn):
        raise DeleteConflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
    call.remove(policy)
    return {}
