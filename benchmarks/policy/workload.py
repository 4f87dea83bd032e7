"""Statements and requests of several families, the same for every peer.

Each family is a company with very many apps, whose resources have statements of their own. Whatever their number, a
handful concerns a request: of its app, those that name the action and the resource. One request in eight is about
something that nobody speaks of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

#: A statement as in a policy's JSON.
Statement = dict[str, Any]
#: Effect, actions, resource pattern.
Row = tuple[str, Sequence[str], str]
#: Action and resource.
Ask = tuple[str, str]

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
NAME = "ann"
DIFFERENT = 400
READ, WRITE, DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"
SEND = "sqs:SendMessage"
REGION = f"us-east-1:{ACCOUNT}"


class Family:
    """How the statements of one app are written, and what is asked about it."""

    def __init__(
        self, name: str, rows: Callable[[str], list[Row]], asks: Callable[[str], list[Ask]], peers: str
    ) -> None:
        self.name = name
        self.peers = peers.split()
        self._rows = rows
        self._asks = asks

    def statements(self, number: int) -> list[Statement]:
        """Return `number` statements, five an app, in an order that tells nothing."""
        found = [row for app in range(number // 5 + 1) for row in self._rows(f"{app:06}")][:number]
        random.Random(number).shuffle(found)
        return [
            {"Effect": effect, "Action": list(actions), "Resource": pattern}
            for effect, actions, pattern in found
        ]

    def requests(self, number: int) -> list[Ask]:
        """Return DIFFERENT requests about the apps of so many statements."""
        chance = random.Random(number + 1)
        found = []
        for n in range(DIFFERENT):
            app = f"{chance.randrange(number // 5):06}" if n % 8 else f"{900_000 + n}"
            found.append(chance.choice(self._asks(app)))
        return found


def _plain_rows(app: str) -> list[Row]:
    return [
        ("Allow", (READ, WRITE, DELETE), f"arn:aws:s3:::app-{app}/*"),
        ("Allow", ("s3:*",), f"arn:aws:s3:::app-{app}/public/index.html"),
        ("Deny", (DELETE, WRITE), f"arn:aws:s3:::app-{app}/audit/*"),
        ("Allow", ("dynamodb:GetItem", "dynamodb:Query"), f"arn:aws:dynamodb:{REGION}:table/app-{app}"),
        ("Allow", ("sqs:*",), f"arn:aws:sqs:{REGION}:app-{app}-*"),
    ]


def _plain_asks(app: str) -> list[Ask]:
    bucket = f"arn:aws:s3:::app-{app}"
    return [
        (READ, f"{bucket}/notes/2026/november.txt"),
        (READ, f"{bucket}/public/index.html"),
        (DELETE, f"{bucket}/audit/2026/11/25"),
        ("dynamodb:Query", f"arn:aws:dynamodb:{REGION}:table/app-{app}"),
        ("dynamodb:DeleteTable", f"arn:aws:dynamodb:{REGION}:table/app-{app}"),
        (SEND, f"arn:aws:sqs:{REGION}:app-{app}-orders"),
    ]


def _wildcard_rows(app: str) -> list[Row]:
    return [
        ("Allow", (READ, WRITE, DELETE), f"arn:aws:s3:::*-{app}/*"),
        ("Allow", ("s3:*",), f"arn:aws:s3:::*-{app}/public/index.html"),
        ("Deny", (DELETE, WRITE), f"arn:aws:s3:::*-{app}/audit/*"),
        ("Allow", ("dynamodb:GetItem", "dynamodb:Query"), f"arn:*:dynamodb:*:*:table/app-{app}"),
        ("Allow", ("sqs:*",), f"arn:*:sqs:*:*:app-{app}-*"),
    ]


def _variable_rows(app: str) -> list[Row]:
    own = "${aws:username}"
    return [
        ("Allow", (READ, WRITE, DELETE), f"arn:aws:s3:::app-{app}/{own}/*"),
        ("Allow", ("s3:*",), f"arn:aws:s3:::app-{app}/public/{own}.html"),
        ("Deny", (DELETE, WRITE), f"arn:aws:s3:::app-{app}/{own}/audit/*"),
        ("Allow", ("dynamodb:GetItem", "dynamodb:Query"), f"arn:aws:dynamodb:{REGION}:table/{own}-{app}"),
        ("Allow", ("kinesis:*",), f"arn:aws:kinesis:{REGION}:stream/app-{app}-{own}"),
    ]


def _variable_asks(app: str) -> list[Ask]:
    bucket = f"arn:aws:s3:::app-{app}"
    return [
        (READ, f"{bucket}/{NAME}/november.txt"),
        (READ, f"{bucket}/bob/november.txt"),
        (READ, f"{bucket}/public/{NAME}.html"),
        (DELETE, f"{bucket}/{NAME}/audit/2026"),
        ("dynamodb:Query", f"arn:aws:dynamodb:{REGION}:table/{NAME}-{app}"),
        ("kinesis:PutRecord", f"arn:aws:kinesis:{REGION}:stream/app-{app}-{NAME}"),
    ]


def _action_rows(app: str) -> list[Row]:
    return [
        ("Allow", (f"app{app}:GetItem", f"app{app}:PutItem"), "*"),
        ("Allow", (f"app{app}:List*",), "*"),
        ("Deny", (f"app{app}:ListKeys",), "*"),
        ("Allow", (f"s3:Do{app}",), "arn:aws:s3:::shared/*"),
        ("Deny", (f"s3:Undo{app}", f"s3:Redo{app}"), "arn:aws:s3:::shared/*"),
    ]


def _action_asks(app: str) -> list[Ask]:
    queue, shared = f"arn:aws:sqs:{REGION}:orders", "arn:aws:s3:::shared/notes"
    return [
        (f"app{app}:GetItem", queue),
        (f"app{app}:ListTables", queue),
        (f"app{app}:ListKeys", queue),
        (f"s3:Do{app}", shared),
        (f"s3:Redo{app}", shared),
    ]


#: moto knows no variables, and Cedar's patterns have none. iam-simulate fills in none in a name that follows a colon, as
#: a queue's does: the streams of that family have a slash.
FAMILIES = {
    "plain": Family("plain", _plain_rows, _plain_asks, "moto cedarpy iam-simulate"),
    "wildcard": Family("wildcard first", _wildcard_rows, _plain_asks, "moto cedarpy iam-simulate"),
    "variables": Family("with variables", _variable_rows, _variable_asks, "iam-simulate"),
    "actions": Family("by action only", _action_rows, _action_asks, "moto cedarpy iam-simulate"),
}
