"""AssumeRoleForPodIdentity: what a pod's token gives, and every reason for which it gives nothing."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from issuers import RSA_KEYS, Certificates, Issuer, issuing, signed
from machine import Machine
from places import Place, document, refusal, statement, trusting
from pods import EKS, POD_UID, SUBJECT, Cluster, keys_of
from serving import Server

DENIED = "Unauthorized Exception! EKS does not have permissions to assume the associated role."


def refused(cluster: Cluster, token: str | None = None, **more: Any) -> tuple[int, str, str]:
    token = cluster.token() if token is None else token
    return refusal(
        cluster.auth.assume_role_for_pod_identity, **({"clusterName": "prod", "token": token} | more)
    )


def test_a_pods_token_becomes_credentials_of_the_associations_role(cluster: Cluster) -> None:
    association = cluster.associate()
    answer = cluster.assume()
    assert answer["subject"] == {"namespace": "shop", "serviceAccount": "till"}
    assert answer["audience"] == "pods.eks.amazonaws.com"
    assert answer["podIdentityAssociation"] == {
        "associationArn": association["associationArn"],
        "associationId": association["associationId"],
    }
    name = answer["assumedRoleUser"]["arn"].rpartition("/")[2]
    assert re.fullmatch(r"eks-prod-till-6d4cf-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name)
    assert answer["assumedRoleUser"]["assumeRoleId"].endswith(f":{name}")
    me = cluster.place.client("sts", keys_of(answer)).get_caller_identity()
    assert me["Arn"] == answer["assumedRoleUser"]["arn"]
    assert me["UserId"] == answer["assumedRoleUser"]["assumeRoleId"]
    left = answer["credentials"]["expiration"].timestamp() - time.time()
    assert 3500 < left <= 3600, "the role's maximum session duration, which is shorter than six hours"
    assert cluster.assume()["assumedRoleUser"] != answer["assumedRoleUser"], "each request has a session"


def test_credentials_live_six_hours_where_the_role_allows_it(cluster: Cluster) -> None:
    cluster.associate()
    cluster.place.iam.update_role(RoleName="App", MaxSessionDuration=43_200)
    left = cluster.assume()["credentials"]["expiration"].timestamp() - time.time()
    assert 21_500 < left <= 21_600


TAGS = {
    "eks-cluster-name": "prod",
    "kubernetes-namespace": "shop",
    "kubernetes-service-account": "till",
    "kubernetes-pod-name": "till-6d4cf56db6-x8w2p",
    "kubernetes-pod-uid": POD_UID,
}


def conditioned(keys: dict[str, str], kind: str) -> dict[str, Any]:
    return {"Condition": {"StringEquals": {f"{kind}/{key}": value for key, value in keys.items()}}}


def test_the_session_has_the_tags_that_eks_sets_and_they_are_transitive(cluster: Cluster) -> None:
    cluster.associate()
    tags = TAGS | {"eks-cluster-arn": cluster.arn}
    cluster.place.iam.put_role_policy(
        RoleName="App",
        PolicyName="p",
        PolicyDocument=document(
            statement("Allow", "iam:ListRoles", **conditioned(tags, "aws:PrincipalTag")),
            statement("Allow", "sts:*"),
        ),
    )
    keys = keys_of(cluster.assume())
    cluster.place.client("iam", keys).list_roles()
    # They pass on to the next role, and are there as request tags and as principal tags.
    trust = trusting(
        {"AWS": cluster.place.number},
        ["sts:AssumeRole", "sts:TagSession"],
        **conditioned(tags, "aws:RequestTag"),
    )
    second = cluster.place.role("Second", trust)
    cluster.place.iam.put_role_policy(
        RoleName="Second",
        PolicyName="p",
        PolicyDocument=document(statement("Allow", "iam:ListUsers", **conditioned(tags, "aws:PrincipalTag"))),
    )
    sts = cluster.place.client("sts", keys)
    chained = sts.assume_role(RoleArn=second, RoleSessionName="next")["Credentials"]
    cluster.place.client("iam", chained).list_users()


def test_without_session_tags_the_trust_policy_is_not_asked_for_tagging(cluster: Cluster) -> None:
    cluster.place.iam.update_assume_role_policy(
        RoleName="App", PolicyDocument=trusting(EKS, "sts:AssumeRole")
    )
    association = cluster.associate()
    assert refused(cluster) == (400, "AccessDeniedException", DENIED)
    cluster.eks.update_pod_identity_association(
        clusterName="prod", associationId=association["associationId"], disableSessionTags=True
    )
    cluster.place.iam.put_role_policy(
        RoleName="App",
        PolicyName="p",
        PolicyDocument=document(
            statement(
                "Allow", "iam:ListRoles", Condition={"Null": {"aws:PrincipalTag/eks-cluster-name": "true"}}
            )
        ),
    )
    cluster.place.client("iam", keys_of(cluster.assume())).list_roles()


@pytest.mark.parametrize(
    ("keys", "right", "wrong"),
    [
        pytest.param("aws:SourceArn", "CLUSTER", "arn:aws:eks:us-east-1:111111111111:cluster/prod", id="the cluster"),
        pytest.param("aws:SourceAccount", "ACCOUNT", "111111111111", id="its account"),
        pytest.param("aws:RequestTag/kubernetes-namespace", "shop", "bank", id="the namespace"),
        pytest.param("aws:RequestTag/kubernetes-service-account", "till", "safe", id="the service account"),
    ],
)  # fmt: skip
def test_trust_may_be_narrowed(cluster: Cluster, keys: str, right: str, wrong: str) -> None:
    cluster.associate()
    right = {"CLUSTER": cluster.arn, "ACCOUNT": cluster.place.number}.get(right, right)
    for value, trusts in ((right, True), (wrong, False)):
        trust = trusting(EKS, ["sts:AssumeRole", "sts:TagSession"], Condition={"StringEquals": {keys: value}})
        cluster.place.iam.update_assume_role_policy(RoleName="App", PolicyDocument=trust)
        if trusts:
            cluster.assume()
        else:
            assert refused(cluster) == (400, "AccessDeniedException", DENIED)


def test_trust_is_asked_each_time_and_a_role_that_is_gone_is_denied(cluster: Cluster) -> None:
    cluster.associate()
    keys = keys_of(cluster.assume())
    cluster.place.iam.update_assume_role_policy(
        RoleName="App", PolicyDocument=trusting({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole")
    )
    assert refused(cluster) == (400, "AccessDeniedException", DENIED)
    cluster.place.client("sts", keys).get_caller_identity()
    cluster.place.iam.delete_role_policy(RoleName="App", PolicyName="p")
    cluster.place.iam.delete_role(RoleName="App")
    assert refused(cluster) == (400, "AccessDeniedException", DENIED)


def test_who_signs_needs_permission_on_the_cluster(cluster: Cluster) -> None:
    cluster.associate()
    stranger = cluster.place.user(
        "stranger", statement("Allow", "eks-auth:*", cluster.arn.replace("prod", "test"))
    )
    auth = cluster.place.client("eks-auth", stranger)
    found = refusal(auth.assume_role_for_pod_identity, clusterName="prod", token="not.a.token")
    assert found[:2] == (400, "AccessDeniedException"), "said before the token is looked at"
    assert (
        f"is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: {cluster.arn}"
        in found[2]
    )


def test_what_is_not_there(cluster: Cluster) -> None:
    assert refused(cluster)[:2] == (404, "ResourceNotFoundException")
    cluster.associate(namespace="bank")
    assert "service account till in the namespace shop" in refused(cluster)[2]
    root = cluster.place.client("eks-auth", cluster.place.keys)
    found = refusal(root.assume_role_for_pod_identity, clusterName="other", token=cluster.token())
    assert found == (404, "ResourceNotFoundException", "No cluster found for name: other.")


def bound(**more: Any) -> dict[str, Any]:
    whole = {
        "namespace": "shop",
        "pod": {"name": "till-0", "uid": "u"},
        "serviceaccount": {"name": "till", "uid": "s"},
    } | more
    return {"kubernetes.io": {name: value for name, value in whole.items() if value is not None}}


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        pytest.param({"iss": "https://localhost:1"}, "The token's issuer is not that of the cluster prod.", id="another issuer"),
        pytest.param({"aud": "sts.amazonaws.com"}, "Incorrect token audience", id="another audience"),
        pytest.param({"aud": None}, "Missing a required claim: aud", id="no audience"),
        pytest.param({"exp": None}, "Missing a required claim: exp", id="no end"),
        pytest.param({"nbf": int(time.time()) + 4000}, "Token not yet valid", id="not yet valid"),
        pytest.param({"kubernetes.io": None}, "not that of a pod", id="no claims of Kubernetes"),
        pytest.param({"kubernetes.io": "till"}, "not that of a pod", id="claims of another form"),
        pytest.param(bound(pod=None), "not that of a pod", id="bound to no pod"),
        pytest.param(bound(pod={"name": "till-0"}), "not that of a pod", id="a pod without uid"),
        pytest.param(bound(namespace=""), "not that of a pod", id="no namespace"),
        pytest.param(bound(namespace=5), "not that of a pod", id="a namespace that is no text"),
        pytest.param(bound(pod={"name": "till-0", "uid": ["u"]}), "not that of a pod", id="a uid that is no text"),
        pytest.param(bound(pod={"name": "till-0", "uid": ""}), "not that of a pod", id="an empty uid"),
        pytest.param(bound(serviceaccount={"name": "safe"}), "not that of a pod", id="claims and subject of different accounts"),
        pytest.param(bound(namespace="bank"), "not that of a pod", id="claims and subject of different namespaces"),
        pytest.param({"sub": SUBJECT.replace("till", "safe")}, "not that of a pod", id="another subject"),
    ],
)  # fmt: skip
def test_a_token_that_proves_nothing_is_refused(cluster: Cluster, claims: dict[str, Any], said: str) -> None:
    cluster.associate()
    status, code, message = refused(cluster, cluster.token(**claims))
    assert (status, code) == (400, "InvalidTokenException")
    assert said in message


def test_a_forged_token_is_refused(cluster: Cluster) -> None:
    cluster.associate()
    claims = cluster.issuer.claims(sub=SUBJECT, aud="pods.eks.amazonaws.com", **bound())
    forged = signed(claims, RSA_KEYS[1], {"kid": RSA_KEYS[0].kid})
    assert refused(cluster, forged) == (400, "InvalidTokenException", "Token signature invalid")
    assert refused(cluster, "a.b.c")[:2] == (400, "InvalidTokenException")


def test_an_expired_token_is_told_from_an_invalid_one(cluster: Cluster) -> None:
    cluster.associate()
    then = int(time.time()) - 4000
    assert refused(cluster, cluster.token(iat=then, exp=then + 600))[:2] == (400, "ExpiredTokenException")


def test_keys_are_fetched_once_and_only_over_a_connection_that_the_cluster_trusts(
    server: Server, certificates: Certificates
) -> None:
    with issuing(certificates) as issuer:
        cluster = Cluster(server, issuer, certificates.thumbprint())
        cluster.associate()
        token = cluster.token()
        cluster.assume(token)
        assert issuer.asked["/keys"] == 1
        cluster.assume(token)
        assert issuer.asked["/keys"] == 1, "keys that are at hand are not fetched for each request"
        alone = Cluster(server, issuer, "00" * 20)
        alone.associate()
        status, code, message = refused(alone)
        assert (status, code) == (400, "InvalidTokenException")
        assert message == "The keys of the cluster's token issuer could not be retrieved."


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param({"eksNodeName": "node-2"}, "eksNodeName is not the node that the token names.", id="another node"),
        pytest.param({"eksNodeName": "node-1", "instanceId": "i-1", "zone": "use1-az1"}, "", id="nothing that is known better"),
    ],
)  # fmt: skip
def test_a_node_may_not_contradict_the_token(cluster: Cluster, told: dict[str, str], said: str) -> None:
    cluster.associate()
    if said:
        assert refused(cluster, **told) == (400, "InvalidParameterException", said)
    else:
        cluster.assume(**told)


def test_a_token_that_names_no_node_is_any_nodes(cluster: Cluster) -> None:
    cluster.associate()
    cluster.assume(cluster.token(**bound()), eksNodeName="node-1")


@pytest.mark.parametrize("chained", [False, True])
def test_what_does_not_fit_into_a_session_is_refused(cluster: Cluster, chained: bool) -> None:
    noise = "".join(map(chr, random.Random(1).choices(range(0xA1, 0x100), k=1800)))
    condition = {"StringNotEquals": {"aws:PrincipalTag/k": noise}}
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [statement("Allow", "*", Condition=condition)]},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    wanted: dict[str, Any] = {"disableSessionTags": True, "policy": policy}
    cluster.associate(**wanted, **({"targetRoleArn": target_of(cluster)} if chained else {}))
    status, code, said = refused(cluster)
    assert (status, code) == (400, "InvalidRequestException")
    assert re.fullmatch(r"Packed policy consumes \d+% of allotted space, please use smaller policy.", said)


def test_the_log_says_why_a_role_was_not_had(cluster: Cluster) -> None:
    cluster.associate(targetRoleArn=target_of(cluster))
    cluster.place.iam.delete_role_policy(RoleName="App", PolicyName="p")
    refused(cluster)
    until(lambda: "is not authorized to perform: sts:AssumeRole on resource" in cluster.server.log.getvalue())
    cluster.place.iam.update_assume_role_policy(
        RoleName="App", PolicyDocument=trusting(EKS, "sts:AssumeRole")
    )
    refused(cluster)
    until(lambda: "must let pods.eks.amazonaws.com use" in cluster.server.log.getvalue())


def explained(cluster: Cluster) -> dict[str, Any]:
    """Ask for credentials, which are denied; return what `vestry explain` says of the question that was not allowed."""
    with pytest.raises(ClientError) as denied:
        cluster.assume()
    identifier = denied.value.response["ResponseMetadata"]["RequestId"]
    found = cluster.server.operator("explain.request", request_id=identifier)
    question: dict[str, Any] = found["questions"][-1]
    return question


def test_a_denial_is_explained_by_its_request_id(cluster: Cluster) -> None:
    cluster.associate(targetRoleArn=target_of(cluster, Condition={"StringEquals": {"sts:ExternalId": "x"}}))
    target = explained(cluster)
    assert target["decision"] != "allowed"
    assert ":role/Target" in json.dumps(target)
    cluster.place.iam.update_assume_role_policy(
        RoleName="App", PolicyDocument=trusting(EKS, "sts:AssumeRole")
    )
    tagging = explained(cluster)
    assert "sts:TagSession" in json.dumps(tagging)
    assert ":role/App" in json.dumps(tagging)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, which it is within seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not become so"
        time.sleep(0.01)


def test_clusters_of_other_accounts_and_regions_are_others(
    cluster: Cluster, issuer: Issuer, certificates: Certificates
) -> None:
    cluster.associate()
    token = cluster.token()
    other = Cluster(cluster.server, issuer, certificates.thumbprint())
    assert refused(other, token)[1] == "ResourceNotFoundException", "it has no association"
    elsewhere = boto3.client(
        "eks-auth",
        endpoint_url=cluster.server.endpoint,
        region_name="eu-west-1",
        aws_access_key_id=cluster.place.keys["AccessKeyId"],
        aws_secret_access_key=cluster.place.keys["SecretAccessKey"],
    )
    found = refusal(elsewhere.assume_role_for_pod_identity, clusterName="prod", token=token)
    assert found == (404, "ResourceNotFoundException", "No cluster found for name: prod.")


def test_an_instance_that_signs_may_not_say_that_it_is_another(cluster: Cluster) -> None:
    cluster.associate()
    place, node = cluster.place, "node"
    allowed = document(statement("Allow", "eks-auth:AssumeRoleForPodIdentity"))
    place.role(node, trusting({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole"))
    place.iam.put_role_policy(RoleName=node, PolicyName="p", PolicyDocument=allowed)
    place.iam.create_instance_profile(InstanceProfileName=node)
    place.iam.add_role_to_instance_profile(InstanceProfileName=node, RoleName=node)
    launched = place.client("ec2", place.keys).run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": node},
        PrivateIpAddress="127.1.9.1",
    )
    instance = launched["Instances"][0]
    machine = Machine(cluster.server.metadata[0], "127.1.9.1")
    served = json.loads(machine.get(f"iam/security-credentials/{node}").text)
    auth = place.client("eks-auth", served | {"SessionToken": served["Token"]})
    zone = machine.get("placement/availability-zone-id").text
    told = {
        "clusterName": "prod",
        "token": cluster.token(),
        "instanceId": instance["InstanceId"],
        "zone": zone,
    }
    assert auth.assume_role_for_pod_identity(**told)
    for wrong in ({"instanceId": "i-0123456789abcdef0"}, {"zone": "use1-az9"}):
        refusing = refusal(auth.assume_role_for_pod_identity, **(told | wrong))
        assert refusing[:2] == (400, "InvalidParameterException")


def target_of(cluster: Cluster, **condition: Any) -> str:
    """Create a target role in another account that trusts the association's role; return its ARN."""
    other = Place(cluster.server)
    trust = trusting({"AWS": cluster.role}, ["sts:AssumeRole", "sts:TagSession"], **condition)
    role = other.role("Target", trust, MaxSessionDuration=43_200)
    other.iam.put_role_policy(
        RoleName="Target",
        PolicyName="p",
        PolicyDocument=document(statement("Allow", ["iam:ListUsers", "iam:ListRoles"])),
    )
    return role


def test_a_target_role_is_assumed_by_the_role_with_the_associations_external_id(cluster: Cluster) -> None:
    external = f"us-east-1/{cluster.place.number}/prod/shop/till"
    condition = {
        "sts:ExternalId": external,
        "aws:RequestTag/kubernetes-service-account": "till",
        "aws:PrincipalTag/eks-cluster-name": "prod",
    }
    target = target_of(cluster, Condition={"StringEquals": condition})
    assert cluster.associate(targetRoleArn=target)["externalId"] == external
    answer = cluster.assume()
    assert ":assumed-role/Target/eks-prod-till" in answer["assumedRoleUser"]["arn"]
    keys = keys_of(answer)
    assert cluster.place.client("sts", keys).get_caller_identity()["Arn"] == answer["assumedRoleUser"]["arn"]
    cluster.place.client("iam", keys).list_users()
    left = answer["credentials"]["expiration"].timestamp() - time.time()
    assert 3500 < left <= 3600, "role chaining: one hour, whatever the target allows"


def test_both_roles_of_a_target_have_a_say(cluster: Cluster) -> None:
    association = cluster.associate(targetRoleArn=target_of(cluster))
    cluster.assume()
    cluster.place.iam.put_role_policy(
        RoleName="App", PolicyName="p", PolicyDocument=document(statement("Allow", "iam:ListRoles"))
    )
    denied = (
        "Unauthorized Exception! The associated role does not have permissions to assume the target role."
    )
    assert refused(cluster) == (400, "AccessDeniedException", denied)
    cluster.place.iam.put_role_policy(
        RoleName="App", PolicyName="p", PolicyDocument=document(statement("Allow", "sts:*"))
    )
    other = target_of(cluster, Condition={"StringEquals": {"sts:ExternalId": "somebody else"}})
    cluster.eks.update_pod_identity_association(
        clusterName="prod", associationId=association["associationId"], targetRoleArn=other
    )
    assert refused(cluster) == (400, "AccessDeniedException", denied)


@pytest.mark.parametrize("chained", [False, True])
def test_a_policy_narrows_what_the_pod_may_do(cluster: Cluster, chained: bool) -> None:
    policy = document(statement("Allow", "iam:ListUsers"))
    wanted: dict[str, Any] = {"disableSessionTags": True, "policy": policy}
    cluster.associate(**wanted, **({"targetRoleArn": target_of(cluster)} if chained else {}))
    iam = cluster.place.client("iam", keys_of(cluster.assume()))
    assert refusal(iam.list_roles)[1] == "AccessDenied", "the role allows it, and the policy does not"
    if chained:
        iam.list_users()
