"""An account of its own for a test, and the short words in which tests of operations speak."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from raw import Answer, send, signed
from serving import Server

NUMBERS = itertools.count(1)


def statement(effect: str, action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """One statement of an identity policy."""
    return {"Effect": effect, "Action": action, "Resource": resource} | more


def document(*statements: dict[str, Any]) -> str:
    """A policy of these statements; by default it allows everything."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements) or [statement("Allow", "*")]},
        separators=(",", ":"),
    )


def trusting(principal: Any, action: Any = "sts:*", **more: Any) -> str:
    """A trust policy."""
    return document({"Effect": "Allow", "Principal": principal, "Action": action} | more)


def padded(size: int) -> str:
    """A policy of exactly `size` characters without white space."""
    empty = document(statement("Allow", "s3:GetObject", "arn:aws:s3:::"))
    return document(statement("Allow", "s3:GetObject", "arn:aws:s3:::" + "a" * (size - len(empty))))


def tags(**pairs: str) -> list[dict[str, str]]:
    """Tags in the model's shape."""
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def many_tags(count: int, prefix: str = "key") -> list[dict[str, str]]:
    """That many tags."""
    return [{"Key": f"{prefix}{number:03}", "Value": ""} for number in range(count)]


def refusal(call: Any, **parameters: Any) -> tuple[int, str, str]:
    """Return HTTP status, code and message of the refusal that `call` meets."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error.get("Message", "")


def allowed(call: Any, **parameters: Any) -> bool:
    """Tell whether `call` is permitted; any refusal but AccessDenied fails the test."""
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return False
    return True


class Place:
    """An account, its root user's clients, and users made on demand."""

    def __init__(self, server: Server, alias: str | None = None) -> None:
        self.server = server
        self.keys = server.account(alias or f"place-{next(NUMBERS)}")
        self.number: str = self.keys["AccountId"]
        self.iam = self.client("iam", self.keys)
        self.sts = self.client("sts", self.keys)

    def client(self, service: str, keys: dict[str, Any]) -> Any:
        """A client that leaves checking parameters to the server."""
        return self.server.client(service, keys, parameter_validation=False)

    def arn(self, resource: str) -> str:
        """The ARN of an IAM resource of this account."""
        return f"arn:aws:iam::{self.number}:{resource}"

    def user(self, name: str, *statements: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Create a user with an inline policy (by default none); return an access key of theirs."""
        self.iam.create_user(UserName=name, **more)
        if statements:
            self.iam.put_user_policy(
                UserName=name, PolicyName="permissions", PolicyDocument=document(*statements)
            )
        key: dict[str, Any] = self.iam.create_access_key(UserName=name)["AccessKey"]
        return key

    def role(self, name: str, trust: str | None = None, **more: Any) -> str:
        """Create a role, by default one that trusts its account for everything; return its ARN."""
        made = self.iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust or trusting({"AWS": self.number}), **more
        )
        arn: str = made["Role"]["Arn"]
        return arn

    def session(self, role: str, name: str) -> tuple[str, str, str]:
        """Account, role's unique id and name of a session of one of its roles."""
        return self.number, self.iam.get_role(RoleName=role)["Role"]["RoleId"], name

    def policy(self, name: str, text: str | None = None, **more: Any) -> str:
        """Create a managed policy, by default one that allows everything; return its ARN."""
        made = self.iam.create_policy(PolicyName=name, PolicyDocument=text or document(), **more)
        arn: str = made["Policy"]["Arn"]
        return arn

    def query(
        self, keys: dict[str, Any], service: str, action: str, parameters: dict[str, str], **headers: str
    ) -> Answer:
        """Send a signed Query request with parameters that no SDK would send."""
        head, body = signed(self.server.endpoint, keys, service, action, headers=headers, **parameters)
        return send(self.server.endpoint, "POST", "/", head, body)
