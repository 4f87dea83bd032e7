"""A Kubernetes cluster for tests: registered in an account, its tokens issued over TLS on loopback, with a node and a pod."""

from __future__ import annotations

from typing import Any

from issuers import Issuer
from places import Place, document, statement, trusting
from serving import Server

EKS = {"Service": "pods.eks.amazonaws.com"}
TRUSTS_EKS = trusting(EKS, ["sts:AssumeRole", "sts:TagSession"])
SUBJECT = "system:serviceaccount:shop:till"
POD_UID = "11111111-1111-4111-8111-111111111111"


class Cluster:
    """A cluster `prod` with a role `App`, an association for the service account `till`, and a node that may ask."""

    def __init__(
        self, server: Server, issuer: Issuer, certificate: str = "", trust: str = TRUSTS_EKS
    ) -> None:
        self.server, self.issuer = server, issuer
        self.place = Place(server)
        server.operator(
            "cluster.create", name="prod", account=self.place.number, issuer=issuer.url, region="us-east-1",
            thumbprints=[certificate] if certificate else [],
        )  # fmt: skip
        self.arn = f"arn:aws:eks:us-east-1:{self.place.number}:cluster/prod"
        self.role = self.place.role("App", trust)
        self.place.iam.put_role_policy(
            RoleName="App",
            PolicyName="p",
            PolicyDocument=document(statement("Allow", ["iam:ListRoles", "sts:*"])),
        )
        self.eks = self.place.client("eks", self.place.keys)
        node = self.place.user("node", statement("Allow", "eks-auth:AssumeRoleForPodIdentity", self.arn))
        self.auth = self.place.client("eks-auth", node)
        self.node = node

    def associate(self, **more: Any) -> dict[str, Any]:
        """Create an association; return it."""
        wanted = {"clusterName": "prod", "namespace": "shop", "serviceAccount": "till", "roleArn": self.role}
        made: dict[str, Any] = self.eks.create_pod_identity_association(**(wanted | more))["association"]
        return made

    def token(self, **more: Any) -> str:
        """Return a token as Kubernetes projects it into the pod."""
        bound = {
            "namespace": "shop",
            "node": {"name": "node-1", "uid": "n"},
            "pod": {"name": "till-6d4cf56db6-x8w2p", "uid": POD_UID},
            "serviceaccount": {"name": "till", "uid": "s"},
        }
        claims = {"sub": SUBJECT, "aud": ["pods.eks.amazonaws.com"], "kubernetes.io": bound}
        return self.issuer.token(**(claims | more))

    def assume(self, token: str | None = None, **more: Any) -> dict[str, Any]:
        """Ask for a pod's credentials, as its node does."""
        token = self.token() if token is None else token
        answer: dict[str, Any] = self.auth.assume_role_for_pod_identity(
            **({"clusterName": "prod", "token": token} | more)
        )
        return answer


def keys_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the credentials of an answer as clients take them."""
    found = answer["credentials"]
    return {
        "AccessKeyId": found["accessKeyId"],
        "SecretAccessKey": found["secretAccessKey"],
        "SessionToken": found["sessionToken"],
    }
