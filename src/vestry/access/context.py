"""The request context: what every condition key is worth in this request.

A row of GLOBAL or BY_TAG says how a key is computed; a key is computed only when a policy reads it. A key without a
row, and not among the question's own, is absent, as on AWS.
Sources: IAM User Guide, "AWS global condition context keys" and "IAM and AWS STS condition context keys".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from vestry.access.caller import Caller
from vestry.credentials.session import SessionKind
from vestry.directory.entities import Pairs
from vestry.policy.request import Kind, Value

_TYPES = {
    Kind.ROOT: "Account",
    Kind.USER: "User",
    Kind.ROLE: "AssumedRole",
    Kind.FEDERATED_USER: "FederatedUser",
    Kind.ANONYMOUS: "Anonymous",
}


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What the request itself says, whatever is asked. `now` is the session clock's reading, in epoch seconds.

    `source_ip` is empty where no machine asked: a service acts by itself.
    """

    caller: Caller
    now: float
    source_ip: str
    user_agent: str | None
    referer: str | None
    secure: bool
    region: str
    source_account: str | None = (
        None  # these two: what a service says of the resource on whose behalf it calls
    )
    source_arn: str | None = None


class Question(msgspec.Struct, frozen=True, gc=False):
    """One permission that a request needs.

    `resource` is what Resource elements are matched with, `shown` how a denial names it (empty: not at all).
    `tags` are the tags of the resource where the action supports them; `keys` the question's own condition keys, by
    lower-case name. `trust` is the stored trust policy when the resource is a role to be assumed: empty text for a
    role that does not exist, None for everything else.
    """

    action: str
    resource: str
    shown: str
    account: str
    keys: Mapping[str, Value]
    tags: Pairs = ()
    trust: str | None = None


class RequestContext:
    """The condition keys of one question, computed when they are read; those that a session was born with come last."""

    __slots__ = ("facts", "question")

    def __init__(self, facts: Facts, question: Question) -> None:
        self.facts = facts
        self.question = question

    def get(self, key: str, /) -> Value:
        """Return the value of a condition key (lower case), or None where it is absent."""
        own = self.question.keys.get(key)
        if own is not None:
            return own
        row = GLOBAL.get(key)
        if row is not None:
            return row(self.facts, self.question)
        family, slash, tag = key.partition("/")
        by_tag = BY_TAG.get(family) if slash else None
        if by_tag is not None:
            return by_tag(self.facts, self.question, tag)
        session = self.facts.caller.session
        return dict(session.context).get(key) if session is not None and session.context else None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _principal_arn(facts: Facts, _: Question) -> Value:
    principal = facts.caller.principal
    if principal.kind is Kind.FEDERATED or principal.kind is Kind.SERVICE:
        return None  # AWS has the key in signed requests only, and a service has no ARN
    return principal.issuer_arn if principal.kind is Kind.ROLE else principal.arn or None


def _user_name(facts: Facts, _: Question) -> Value:
    caller = facts.caller
    return caller.user.name if caller.user is not None and caller.principal.kind is Kind.USER else None


def _token_issue_time(facts: Facts, _: Question) -> Value:
    session = facts.caller.session
    return None if session is None else _moment(session.issued)


def _mfa_present(facts: Facts, _: Question) -> Value:
    session = facts.caller.session
    if facts.caller.mfa_time:
        return "true"
    return None if session is None else "true" if session.mfa_time else "false"


def _mfa_age(facts: Facts, _: Question) -> Value:
    session = facts.caller.session
    proved = facts.caller.mfa_time or (session.mfa_time if session is not None else 0)
    return str(int(facts.now) - proved) if proved else None


def _source_identity(facts: Facts, _: Question) -> Value:
    session = facts.caller.session
    return None if session is None else session.source_identity or None


def _assumed_root(facts: Facts, _: Question) -> Value:
    session = facts.caller.session
    return "true" if session is not None and session.kind is SessionKind.ROOT else None


def _federated_provider(facts: Facts, _: Question) -> Value:
    session = facts.caller.session
    return None if session is None else session.federated_provider or None


def _service_name(facts: Facts, _: Question) -> Value:
    principal = facts.caller.principal
    return principal.arn if principal.kind is Kind.SERVICE else None


def _service_names(facts: Facts, _: Question) -> Value:
    principal = facts.caller.principal
    return (principal.arn,) if principal.kind is Kind.SERVICE else None


Row = Callable[[Facts, Question], Value]

GLOBAL: dict[str, Row] = {
    "aws:assumedroot": _assumed_root,
    "aws:currenttime": lambda facts, _: _moment(facts.now),
    "aws:epochtime": lambda facts, _: str(int(facts.now)),
    "aws:federatedprovider": _federated_provider,
    "aws:multifactorauthage": _mfa_age,
    "aws:multifactorauthpresent": _mfa_present,
    "aws:principalaccount": lambda facts, _: facts.caller.principal.account or None,
    "aws:principalarn": _principal_arn,
    "aws:principalisawsservice": lambda facts, _: (
        "true" if facts.caller.principal.kind is Kind.SERVICE else "false"
    ),
    "aws:principalservicename": _service_name,
    "aws:principalservicenameslist": _service_names,
    "aws:principaltype": lambda facts, _: _TYPES.get(facts.caller.principal.kind),
    "aws:referer": lambda facts, _: facts.referer,
    "aws:requestedregion": lambda facts, _: facts.region,
    "aws:resourceaccount": lambda _, question: question.account,
    "aws:securetransport": lambda facts, _: "true" if facts.secure else "false",
    "aws:sourceaccount": lambda facts, _: facts.source_account,
    "aws:sourcearn": lambda facts, _: facts.source_arn,
    "aws:sourceidentity": _source_identity,
    "aws:sourceip": lambda facts, _: facts.source_ip or None,
    "aws:tokenissuetime": _token_issue_time,
    "aws:useragent": lambda facts, _: facts.user_agent,
    "aws:userid": lambda facts, _: facts.caller.user_id or None,
    "aws:username": _user_name,
    "aws:viaawsservice": lambda facts, _: "false",
}


def tag_value(tags: Pairs, key: str) -> Value:
    """Return the value of the tag whose key equals `key` (lower case), ignoring case."""
    for name, value in tags:
        if name.lower() == key:
            return value
    return None


def tag_keys(tags: Pairs) -> dict[str, Value]:
    """Return `aws:RequestTag/…` and `aws:TagKeys` of tags that are passed; nothing where there are none."""
    keys: dict[str, Value] = {f"aws:requesttag/{key.lower()}": value for key, value in tags}
    return keys | {"aws:tagkeys": tuple(key for key, _ in tags)} if tags else {}


def principal_tags(caller: Caller) -> Pairs:
    """Return the caller's tags: those of the user or role, overridden by the session's (keys without case)."""
    entity = caller.role if caller.role is not None else caller.user
    tags = entity.tags if entity is not None else ()
    if caller.session is None or not caller.session.tags:
        return tags
    return override_tags(tags, caller.session.tags)


@lru_cache(maxsize=1024)
def override_tags(tags: Pairs, over: Pairs) -> Pairs:
    """Return `tags` with those of `over` in the place of namesakes (ignoring case) or added."""
    hidden = {key.lower() for key, _ in over}
    return tuple(sorted([*(pair for pair in tags if pair[0].lower() not in hidden), *over]))


BY_TAG: dict[str, Callable[[Facts, Question, str], Value]] = {
    "aws:principaltag": lambda facts, _, tag: tag_value(principal_tags(facts.caller), tag),
    "aws:resourcetag": lambda _, question, tag: tag_value(question.tags, tag),
    "ec2:resourcetag": lambda _, question, tag: tag_value(question.tags, tag),
    "iam:resourcetag": lambda _, question, tag: tag_value(question.tags, tag),
}
