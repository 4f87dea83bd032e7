"""A certificate authority, a profile and a role in an account, and requests that certificates sign.

They are signed by `iam-rolesanywhere-session`, AWS's own client for Python.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from botocore.awsrequest import AWSRequest
from cryptography.hazmat.primitives import serialization
from iam_rolesanywhere_session import IAMRolesAnywhereSigner

from certificates import Certified, authority, issue
from places import Place, trusting
from raw import Answer, send

SERVICE = {"Service": "rolesanywhere.amazonaws.com"}


class Reply(NamedTuple):
    """Status, the code of an error, and the body."""

    status: int
    code: str
    body: dict[str, Any]

    @property
    def refused(self) -> tuple[int, str, str]:
        """Status, code and message of a refusal."""
        return self.status, self.code, self.body.get("message", "")

    @property
    def keys(self) -> dict[str, Any]:
        """The credentials, as STS writes them."""
        assert self.status == 201, self
        found = self.body["credentialSet"][0]["credentials"]
        return {name[0].upper() + name[1:]: value for name, value in found.items()}


class Site:
    """A trust anchor, a profile and a role that trusts the service."""

    def __init__(self, place: Place, **profile: Any) -> None:
        self.place = place
        self.root = authority("root of the site")
        self.client = place.client("rolesanywhere", place.keys)
        self.anchor = self.client.create_trust_anchor(name="root", source=bundle(self.root), enabled=True)[
            "trustAnchor"
        ]
        self.role = place.role(f"machine-{self.anchor['trustAnchorId']}", trusting(SERVICE))
        self.profile = self.make_profile(**profile)

    def make_profile(self, **more: Any) -> dict[str, Any]:
        """Another profile, enabled, with the role."""
        made: dict[str, Any] = self.client.create_profile(
            **{"name": "app", "roleArns": [self.role], "enabled": True} | more
        )["profile"]
        return made

    def trust(self, **more: Any) -> None:
        """Change the role's trust policy: the service may do everything, under these conditions or for these actions."""
        self.place.iam.update_assume_role_policy(
            RoleName=self.role_name, PolicyDocument=trusting(SERVICE, **more)
        )

    @property
    def role_name(self) -> str:
        """The role's name."""
        return self.role.rpartition("/")[2]

    def holder(self, name: Any = "machine", **more: Any) -> Certified:
        """A certificate of the authority."""
        return issue(name, self.root, **more)

    def parameters(self, **more: Any) -> dict[str, Any]:
        """What CreateSession is asked with; None leaves out."""
        asked = {
            "trustAnchorArn": self.anchor["trustAnchorArn"],
            "profileArn": self.profile["profileArn"],
            "roleArn": self.role,
        } | more
        return {name: value for name, value in asked.items() if value is not None}

    def session(self, holder: Certified, *chain: Certified, region: str = "us-east-1", **more: Any) -> Reply:
        """Ask for a session as the holder of a certificate."""
        request = self.request(holder, *chain, region=region, **more)
        return self.ask(request)

    def request(
        self,
        holder: Certified,
        *chain: Certified,
        region: str = "us-east-1",
        query: bool = False,
        **more: Any,
    ) -> AWSRequest:
        """A signed CreateSession; `query`: the ARNs are in the query string."""
        body = self.parameters(**more)
        target = self.place.server.endpoint + "/sessions"
        if query:
            target += "?" + urlencode({name: body.pop(name) for name in list(body) if name.endswith("Arn")})
        request = AWSRequest("POST", target, data=json.dumps(body))
        signer = IAMRolesAnywhereSigner(
            holder.pem.encode(),
            holder.key_pem,
            "".join(one.pem for one in chain).encode() or None,
            region=region,
        )
        signer.add_auth(request)
        return request

    def ask(self, request: AWSRequest) -> Reply:
        """Send a request as it is; return what is in the answer."""
        answer = self.answer(request)
        found = json.loads(answer.text) if answer.text.startswith("{") else {}
        return Reply(answer.status, answer.headers.get("x-amzn-errortype", ""), found)

    def answer(self, request: AWSRequest) -> Answer:
        """Send a request as it is."""
        server = self.place.server
        target = request.url.removeprefix(server.endpoint)
        body = request.data if isinstance(request.data, bytes) else request.data.encode()
        return send(server.endpoint, request.method, target, dict(request.headers.items()), body)


def bundle(*certificates: Certified) -> dict[str, Any]:
    """The source of a trust anchor."""
    return {
        "sourceType": "CERTIFICATE_BUNDLE",
        "sourceData": {"x509CertificateData": "".join(one.pem for one in certificates)},
    }


def der(holder: Certified) -> bytes:
    """A certificate as DER."""
    return holder.certificate.public_bytes(serialization.Encoding.DER)
