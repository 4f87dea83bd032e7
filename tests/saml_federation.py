"""An account that trusts a SAML provider, and what is asked of it: for tests of AssumeRoleWithSAML."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from places import Place, allowed, refusal, trusting
from saml_documents import AWS, metadata, signed_response

SAML = "sts:AssumeRoleWithSAML"
DENIED = (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
INVALID = "Your request included an invalid SAML response."


def now() -> int:
    return int(time.time())


class Federation:
    """An account with a provider registered, and roles that trust it."""

    def __init__(self, place: Place, **more: Any) -> None:
        self.place = place
        made = place.iam.create_saml_provider(Name="Corp", SAMLMetadataDocument=metadata(), **more)
        self.provider: str = made["SAMLProviderArn"]
        self.count = 0
        self.sts = boto3.client(
            "sts",
            endpoint_url=place.server.endpoint,
            region_name="us-east-1",
            config=Config(
                signature_version=UNSIGNED, retries={"max_attempts": 0}, parameter_validation=False
            ),
        )

    def role(self, name: str = "work", action: Any = SAML, **more: Any) -> str:
        return self.place.role(name, trusting({"Federated": self.provider}, action, **more))

    def attributes(self, role: str, **changes: Sequence[str] | None) -> dict[str, Sequence[str]]:
        found: dict[str, Sequence[str] | None] = {
            "Role": [f"{role},{self.provider}"],
            "RoleSessionName": ["alice"],
        }
        found |= changes
        return {AWS + name: values for name, values in found.items() if values is not None}

    def response(self, role: str, given: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return a new response, which nobody has used."""
        self.count += 1
        more = {"now": now(), "identifier": f"_{self.place.number}.{self.count}"} | changes
        return signed_response(given=self.attributes(role) if given is None else given, **more)

    def asking(self, role: str, text: str | None = None, **more: Any) -> dict[str, Any]:
        text = self.response(role) if text is None else text
        return {"RoleArn": role, "PrincipalArn": self.provider, "SAMLAssertion": text} | more

    def assume(self, role: str, text: str | None = None, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.sts.assume_role_with_saml(**self.asking(role, text, **more))
        return answer

    def refused(self, role: str, text: str | None = None, **more: Any) -> tuple[int, str, str]:
        return refusal(self.sts.assume_role_with_saml, **self.asking(role, text, **more))

    def accepts(self, role: str, **changes: Any) -> bool:
        return allowed(self.sts.assume_role_with_saml, **self.asking(role, self.response(role, **changes)))

    def accepts_with(self, role: str, **attributes: Sequence[str] | None) -> bool:
        return self.accepts(role, given=self.attributes(role, **attributes))
