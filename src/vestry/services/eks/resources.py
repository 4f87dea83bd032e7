"""What EKS's operations are performed on, and the condition keys of tags that are passed.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EKS".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vestry.access.context import Question, tag_keys
from vestry.access.declaration import Ask, Resource
from vestry.arn import PARTITION, parse_arn, role_account
from vestry.directory.entities import Pairs
from vestry.directory.workloads import cluster_arn
from vestry.policy.request import Value
from vestry.services.pass_role import pass_role_arn

#: The principal that assumes an association's role.
SERVICE = "pods.eks.amazonaws.com"


def cluster(ask: Ask) -> Resource:
    """The cluster that the path names, there or not."""
    return _cluster(ask, "clusterName")


def shown_cluster(ask: Ask) -> Resource:
    """The cluster that DescribeCluster shows, there or not."""
    return _cluster(ask, "name")


def _cluster(ask: Ask, parameter: str) -> Resource:
    arn = cluster_arn(ask.region, ask.account.id, ask.parameters[parameter])
    return Resource(arn, arn, ask.account.id)


def clusters(ask: Ask) -> Resource:
    """All clusters."""
    return Resource("*", "*", ask.account.id)


def association(ask: Ask) -> Resource:
    """The association that the path names, there or not."""
    name, identifier = ask.parameters["clusterName"], ask.parameters["associationId"]
    found = ask.account.workloads.association(ask.region, name, identifier)
    arn = f"arn:{PARTITION}:eks:{ask.region}:{ask.account.id}:podidentityassociation/{name}/{identifier}"
    return Resource(arn, arn, ask.account.id, () if found is None else found.tags)


def tagged(ask: Ask) -> Resource:
    """The resource whose ARN is in the path; what is another account's is denied, as everywhere across accounts."""
    arn = ask.parameters["resourceArn"]
    found = ask.account.workloads.association_by_arn(arn, ask.region)
    parsed = parse_arn(arn)
    owner = ask.account.id if parsed is None else parsed.account
    return Resource(arn, arn, owner, () if found is None else found.tags)


def request_tags(ask: Ask) -> Mapping[str, Value]:
    """Condition keys of the tags that are passed."""
    return tag_keys(tag_pairs(ask.parameters.get("tags")))


def untagged_keys(ask: Ask) -> Mapping[str, Value]:
    """Condition key of the tags that are taken off."""
    return {"aws:tagkeys": tuple(ask.parameters["tagKeys"])}


def passed_role(ask: Ask, _: Resource) -> Iterable[Question]:
    """A role is looked at and handed over in the caller's name: iam:GetRole and iam:PassRole."""
    arn = ask.parameters.get("roleArn") or ""
    account = role_account(arn)
    if account is None:
        return
    found = ask.root.principal(arn)
    tags: Pairs = () if found is None else found.tags
    yield Question("iam:GetRole", arn, arn, account, {}, tags)
    yield pass_role_arn(arn, account, SERVICE)


def tag_pairs(tags: Mapping[str, str] | None) -> Pairs:
    """Return tags of the model's shape sorted by key."""
    return tuple(sorted((tags or {}).items()))
