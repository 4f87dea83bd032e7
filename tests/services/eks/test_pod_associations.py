"""Pod identity associations: made, shown, changed, listed, tagged and deleted, and what is refused in EKS's words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from issuers import Certificates, Issuer
from places import Place, document, refusal, statement, trusting
from pods import EKS, TRUSTS_EKS, Cluster
from serving import serving
from vestry import limits


def create(cluster: Cluster, **more: Any) -> tuple[int, str, str]:
    wanted = {"clusterName": "prod", "namespace": "shop", "serviceAccount": "till", "roleArn": cluster.role}
    return refusal(cluster.eks.create_pod_identity_association, **(wanted | more))


def named(cluster: Cluster, made: dict[str, Any]) -> dict[str, str]:
    return {"clusterName": "prod", "associationId": made["associationId"]}


def test_made_shown_changed_and_deleted(cluster: Cluster) -> None:
    made = cluster.associate(tags={"team": "red"})
    identifier = made["associationId"]
    assert re.fullmatch(r"a-[a-z0-9]{17}", identifier)
    arn = f"arn:aws:eks:us-east-1:{cluster.place.number}:podidentityassociation/prod/{identifier}"
    expected = {
        "clusterName": "prod",
        "namespace": "shop",
        "serviceAccount": "till",
        "roleArn": cluster.role,
        "associationArn": arn,
        "associationId": identifier,
        "tags": {"team": "red"},
        "disableSessionTags": False,
    }
    assert {
        name: value for name, value in made.items() if name not in ("createdAt", "modifiedAt")
    } == expected
    assert made["createdAt"] == made["modifiedAt"]
    which = named(cluster, made)
    assert cluster.eks.describe_pod_identity_association(**which)["association"] == made
    second = cluster.place.role("Second", TRUSTS_EKS)
    changed = cluster.eks.update_pod_identity_association(**which, roleArn=second, targetRoleArn=cluster.role)
    assert changed["association"]["roleArn"] == second
    assert changed["association"]["targetRoleArn"] == cluster.role
    assert changed["association"]["tags"] == {"team": "red"}, "what is not given stays"
    again = cluster.eks.update_pod_identity_association(**which, disableSessionTags=True)["association"]
    assert (again["targetRoleArn"], again["disableSessionTags"]) == (cluster.role, True)
    without = cluster.eks.update_pod_identity_association(**which, targetRoleArn="")["association"]
    assert "targetRoleArn" not in without
    assert without["disableSessionTags"] is True
    assert "externalId" not in without
    assert cluster.eks.delete_pod_identity_association(**which)["association"] == without
    for call in (
        cluster.eks.describe_pod_identity_association,
        cluster.eks.update_pod_identity_association,
        cluster.eks.delete_pod_identity_association,
    ):
        found = refusal(call, **which)
        assert found == (
            404, "ResourceNotFoundException", f"No pod identity association found for id: {identifier}.",
        )  # fmt: skip


def test_a_service_account_has_one_association(cluster: Cluster) -> None:
    made = cluster.associate()
    assert create(cluster) == (
        409,
        "ResourceInUseException",
        f"Association already exists: {made['associationId']}",
    )
    cluster.associate(namespace="bank")
    cluster.associate(serviceAccount="safe")
    cluster.eks.delete_pod_identity_association(**named(cluster, made))
    cluster.associate()


def test_an_empty_token_is_none(cluster: Cluster) -> None:
    first = cluster.associate(clientRequestToken="")
    second = cluster.associate(clientRequestToken="", namespace="bank")
    assert first["associationId"] != second["associationId"]


def test_a_request_that_is_sent_again_makes_one_association(cluster: Cluster) -> None:
    made = cluster.associate(clientRequestToken="once", tags={"k": "v"})
    assert cluster.associate(clientRequestToken="once", tags={"k": "v"}) == made
    found = create(cluster, clientRequestToken="once", tags={"k": "w"})
    assert found == (400, "InvalidRequestException", "The clientRequestToken was used for another request.")


@pytest.mark.parametrize(
    ("parameters", "code", "said"),
    [
        pytest.param({"clusterName": "other"}, "ResourceNotFoundException", "No cluster found for name: other.", id="no cluster"),
        pytest.param({"namespace": "Shop"}, "InvalidParameterException", "namespace is not a valid Kubernetes name: Shop", id="no namespace"),
        pytest.param({"namespace": "a.b"}, "InvalidParameterException", "namespace is not a valid Kubernetes name: a.b", id="a namespace with a dot"),
        pytest.param({"serviceAccount": "-till"}, "InvalidParameterException", "serviceAccount is not a valid Kubernetes name: -till", id="no service account"),
        pytest.param({"serviceAccount": "a" * 254}, "InvalidParameterException", f"serviceAccount is not a valid Kubernetes name: {'a' * 254}", id="a service account too long"),
        pytest.param({"roleArn": "App"}, "InvalidParameterException", "roleArn is not the ARN of a role: App", id="no role's ARN"),
        pytest.param({"roleArn": "ROLE-x"}, "InvalidParameterException", "Role provided in the request does not exist.", id="no role"),
        pytest.param({"targetRoleArn": "App"}, "InvalidParameterException", "targetRoleArn is not the ARN of a role: App", id="no target role"),
        pytest.param({"policy": document()}, "InvalidRequestException", "disableSessionTags must be true when a policy is specified.", id="a policy and tags"),
        pytest.param({"policy": "{}", "disableSessionTags": True}, "InvalidParameterException", "The policy is not valid", id="no policy"),
        pytest.param({"policy": " " * 2049, "disableSessionTags": True}, "InvalidParameterException", "The policy is longer than 2048", id="a policy too long"),
        pytest.param({"tags": {"aws:x": "v"}}, "InvalidParameterException", "begin with aws:", id="a reserved key"),
        pytest.param({"tags": {"x": "AWS:v"}}, "InvalidParameterException", "begin with aws:", id="a reserved value"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_association(
    cluster: Cluster, parameters: dict[str, Any], code: str, said: str
) -> None:
    parameters = {
        name: value.replace("ROLE", cluster.role) if isinstance(value, str) else value
        for name, value in parameters.items()
    }
    found = create(cluster, **parameters)
    assert found[1] == code
    assert said in found[2]


def test_the_role_must_let_eks_use_it_and_be_of_the_same_account(cluster: Cluster) -> None:
    said = "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue."
    for name, trust in (
        ("None", trusting({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole")),
        ("Denied", document({"Effect": "Deny", "Principal": EKS, "Action": "sts:AssumeRole"})),
    ):
        role = cluster.place.role(name, trust)
        assert create(cluster, roleArn=role) == (400, "InvalidParameterException", said)
    made = cluster.associate()
    found = refusal(cluster.eks.update_pod_identity_association, **named(cluster, made), roleArn=role)
    assert found == (400, "InvalidParameterException", said)


def test_a_role_of_another_account_is_never_passed(cluster: Cluster) -> None:
    other = Place(cluster.server).role("App", TRUSTS_EKS)
    status, code, said = create(cluster, roleArn=other)
    assert (status, code) == (403, "AccessDeniedException"), "even of the root user"
    assert f"on resource: {other}" in said


@pytest.mark.parametrize("missing", ["iam:PassRole", "iam:GetRole", "eks:CreatePodIdentityAssociation"])
def test_making_one_asks_for_the_cluster_and_the_role(cluster: Cluster, missing: str) -> None:
    allowed = [
        one for one in ("iam:PassRole", "iam:GetRole", "eks:CreatePodIdentityAssociation") if one != missing
    ]
    keys = cluster.place.user("maker", statement("Allow", allowed))
    eks = cluster.place.client("eks", keys)
    wanted = {"clusterName": "prod", "namespace": "shop", "serviceAccount": "till", "roleArn": cluster.role}
    status, code, said = refusal(eks.create_pod_identity_association, **wanted)
    assert (status, code) == (403, "AccessDeniedException")
    where = cluster.arn if missing.startswith("eks") else cluster.role
    assert f"is not authorized to perform: {missing} on resource: {where}" in said


def test_the_roles_tags_count_where_it_is_looked_at(cluster: Cluster) -> None:
    cluster.place.iam.tag_role(RoleName="App", Tags=[{"Key": "team", "Value": "red"}])
    wanted = {"clusterName": "prod", "namespace": "shop", "serviceAccount": "till", "roleArn": cluster.role}
    for team in ("blue", "red"):
        keys = cluster.place.user(
            team,
            statement("Allow", ["iam:PassRole", "eks:*"]),
            statement("Allow", "iam:GetRole", Condition={"StringEquals": {"aws:ResourceTag/team": team}}),
        )
        eks = cluster.place.client("eks", keys)
        if team == "red":
            eks.create_pod_identity_association(**wanted)
        else:
            assert "iam:GetRole" in refusal(eks.create_pod_identity_association, **wanted)[2]


def test_tags_are_asked_of_the_association_and_a_cluster_by_its_name(cluster: Cluster) -> None:
    made, other = cluster.associate(tags={"team": "red"}), cluster.associate(namespace="bank")
    red = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    keys = cluster.place.user(
        "red",
        statement("Allow", "eks:ListTagsForResource", Condition=red),
        statement("Allow", "eks:DescribeCluster", cluster.arn),
        statement("Allow", "eks:DescribePodIdentityAssociation", Condition=red),
    )
    eks = cluster.place.client("eks", keys)
    eks.list_tags_for_resource(resourceArn=made["associationArn"])
    eks.describe_pod_identity_association(**named(cluster, made))
    eks.describe_cluster(name="prod")
    assert refusal(eks.describe_cluster, name="test")[1] == "AccessDeniedException"
    for call, which in (
        (eks.list_tags_for_resource, {"resourceArn": other["associationArn"]}),
        (eks.list_tags_for_resource, {"resourceArn": made["associationArn"].replace("/prod/", "/test/")}),
        (eks.describe_pod_identity_association, named(cluster, other)),
        (eks.describe_pod_identity_association, named(cluster, made) | {"clusterName": "test"}),
    ):
        assert refusal(call, **which)[1] == "AccessDeniedException", which


def test_an_association_is_its_clusters_regions_and_accounts(cluster: Cluster) -> None:
    made = cluster.associate()
    arn, number = made["associationArn"], cluster.place.number
    cluster.server.operator(
        "cluster.create", name="test", account=number, issuer=cluster.issuer.url, region="us-east-1"
    )
    found = refusal(
        cluster.eks.describe_pod_identity_association, **(named(cluster, made) | {"clusterName": "test"})
    )
    assert found[1] == "ResourceNotFoundException"
    elsewhere = boto3.client(
        "eks",
        endpoint_url=cluster.server.endpoint,
        region_name="eu-west-1",
        aws_access_key_id=cluster.place.keys["AccessKeyId"],
        aws_secret_access_key=cluster.place.keys["SecretAccessKey"],
    )
    list_tags = cluster.eks.list_tags_for_resource
    assert refusal(list_tags, resourceArn=arn.replace("/prod/", "/test/"))[1] == "NotFoundException"
    assert refusal(elsewhere.list_tags_for_resource, resourceArn=arn)[1] == "NotFoundException"
    assert refusal(list_tags, resourceArn=arn.replace(number, "999999999999"))[1] == "AccessDeniedException"
    assert refusal(list_tags, resourceArn="association")[:2] == (400, "BadRequestException")


def test_permission_may_be_narrowed_by_service_tags_and_association(cluster: Cluster) -> None:
    made = cluster.associate(tags={"team": "red"})
    passing = {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}
    keys = cluster.place.user(
        "narrow",
        statement("Allow", "iam:GetRole"),
        statement("Allow", "iam:PassRole", cluster.role, Condition=passing),
        statement("Allow", "eks:CreatePodIdentityAssociation", cluster.arn, Condition={"StringEquals": {"aws:RequestTag/team": "blue"}}),
        statement("Allow", "eks:DescribePodIdentityAssociation", made["associationArn"]),
        statement("Allow", "eks:*PodIdentityAssociation", Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}}),
        statement("Allow", "eks:TagResource", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "Null": {"aws:TagKeys": "false"}}),
    )  # fmt: skip
    eks = cluster.place.client("eks", keys)
    wanted = {"clusterName": "prod", "namespace": "bank", "serviceAccount": "till", "roleArn": cluster.role}
    assert (
        refusal(eks.create_pod_identity_association, **wanted, tags={"team": "red"})[1]
        == "AccessDeniedException"
    )
    blue = eks.create_pod_identity_association(**wanted, tags={"team": "blue"})["association"]
    eks.describe_pod_identity_association(**named(cluster, made))
    assert refusal(eks.delete_pod_identity_association, **named(cluster, made))[1] == "AccessDeniedException"
    tag = {"resourceArn": made["associationArn"]}
    assert refusal(eks.tag_resource, **tag, tags={"other": "x"})[1] == "AccessDeniedException"
    eks.tag_resource(**tag, tags={"team": "blue"})
    eks.delete_pod_identity_association(**named(cluster, made))
    eks.delete_pod_identity_association(**named(cluster, blue))


def test_listed_by_id_in_pages_and_by_pod(cluster: Cluster) -> None:
    made = [
        cluster.associate(namespace=n, serviceAccount=a)
        for n in ("shop", "bank")
        for a in ("till", "safe", "door")
    ]
    ids = sorted(one["associationId"] for one in made)
    whole = cluster.eks.list_pod_identity_associations(clusterName="prod")
    assert [one["associationId"] for one in whole["associations"]] == ids
    assert "nextToken" not in whole
    assert set(whole["associations"][0]) == {
        "clusterName", "namespace", "serviceAccount", "associationArn", "associationId",
    }  # fmt: skip
    pages = cluster.eks.get_paginator("list_pod_identity_associations").paginate(
        clusterName="prod", PaginationConfig={"PageSize": 4}
    )
    sizes = [[one["associationId"] for one in page["associations"]] for page in pages]
    assert [len(page) for page in sizes] == [4, 2]
    assert [one for page in sizes for one in page] == ids
    some = cluster.eks.list_pod_identity_associations(
        clusterName="prod", namespace="shop", serviceAccount="safe"
    )
    assert [(one["namespace"], one["serviceAccount"]) for one in some["associations"]] == [("shop", "safe")]
    found = refusal(cluster.eks.list_pod_identity_associations, clusterName="prod", nextToken="x")
    assert found == (400, "InvalidParameterException", "The nextToken is not valid.")
    found = refusal(cluster.eks.list_pod_identity_associations, clusterName="prod", nextToken="dmVzdHJ5OmE!=")
    assert found[1] == "InvalidParameterException", "base64 with something else in it"
    assert (
        refusal(cluster.eks.list_pod_identity_associations, clusterName="x")[1] == "ResourceNotFoundException"
    )


def test_tags_are_added_replaced_and_taken_off(cluster: Cluster) -> None:
    arn = cluster.associate(tags={"a": "1"})["associationArn"]
    cluster.eks.tag_resource(resourceArn=arn, tags={"a": "2", "B": ""})
    assert cluster.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "2", "B": ""}
    cluster.eks.untag_resource(resourceArn=arn, tagKeys=["a", "b"])
    assert cluster.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"B": ""}
    many = {str(number): "v" for number in range(50)}
    found = refusal(cluster.eks.tag_resource, resourceArn=arn, tags=many)
    assert found == (400, "InvalidParameterException", "A resource has at most 50 tags.")
    for call in (cluster.eks.list_tags_for_resource, cluster.eks.untag_resource):
        more = {"tagKeys": ["a"]} if call == cluster.eks.untag_resource else {}
        assert refusal(call, resourceArn=arn + "x", **more)[:2] == (404, "NotFoundException")
        assert refusal(call, resourceArn=cluster.arn, **more)[:2] == (400, "BadRequestException")


def test_a_cluster_is_shown_as_it_is_registered(cluster: Cluster) -> None:
    found = cluster.eks.describe_cluster(name="prod")["cluster"]
    assert (found["arn"], found["status"]) == (cluster.arn, "ACTIVE")
    assert found["identity"]["oidc"]["issuer"] == cluster.issuer.url
    said = refusal(cluster.eks.describe_cluster, name="other")
    assert said == (404, "ResourceNotFoundException", "No cluster found for name: other.")
    for name, region in (("test", "us-east-1"), ("far", "eu-west-1")):
        cluster.server.operator(
            "cluster.create",
            name=name,
            account=cluster.place.number,
            issuer=cluster.issuer.url,
            region=region,
        )
    assert cluster.eks.list_clusters()["clusters"] == ["prod", "test"]
    first = cluster.eks.list_clusters(maxResults=1)
    assert first["clusters"] == ["prod"]
    assert cluster.eks.list_clusters(nextToken=first["nextToken"], include=["all"])["clusters"] == ["test"]
    assert refusal(cluster.eks.list_clusters, include=["some"])[1] == "InvalidParameterException"
    for number in range(99):
        cluster.server.operator(
            "cluster.create",
            name=f"x{number:02}",
            account=cluster.place.number,
            issuer=cluster.issuer.url,
            region="us-east-1",
        )
    assert len(cluster.eks.list_clusters()["clusters"]) == 100, "of 101"


def test_a_cluster_that_is_deleted_takes_its_associations_along(cluster: Cluster) -> None:
    cluster.associate()
    row = cluster.server.operator("cluster.delete", name=cluster.arn)
    assert row["Associations"] == 1
    assert refusal(cluster.eks.describe_cluster, name="prod")[1] == "ResourceNotFoundException"
    cluster.server.operator(
        "cluster.create",
        name="prod",
        account=cluster.place.number,
        issuer=cluster.issuer.url,
        region="us-east-1",
    )
    assert cluster.eks.list_pod_identity_associations(clusterName="prod")["associations"] == []


def test_a_cluster_has_no_more_associations_than_eks_gives_it(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ASSOCIATIONS_PER_CLUSTER", 1)
    cluster.associate()
    assert create(cluster, namespace="bank")[:2] == (400, "ResourceLimitExceededException")


def test_they_are_there_after_a_restart(tmp_path: Path, issuer: Issuer, certificates: Certificates) -> None:
    with serving(tmp_path / "data") as server:
        cluster = Cluster(server, issuer, certificates.thumbprint())
        made = [
            cluster.associate(clientRequestToken=""),
            cluster.associate(namespace="bank", tags={"k": "v"}),
        ]
    with serving(tmp_path / "data") as server:
        eks = server.client("eks", cluster.place.keys)
        for one in made:
            assert eks.describe_pod_identity_association(**named(cluster, one))["association"] == one


def test_a_policy_is_shown_as_it_was_given(cluster: Cluster) -> None:
    made = cluster.associate(disableSessionTags=True, policy=document())
    shown = cluster.eks.describe_pod_identity_association(**named(cluster, made))["association"]
    assert shown["policy"] == document()
    without = cluster.eks.update_pod_identity_association(**named(cluster, made), policy="")["association"]
    assert "policy" not in without
