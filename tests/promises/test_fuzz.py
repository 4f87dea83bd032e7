"""Mutated real requests, signed and not: never a 500, never an answer that nobody was allowed to get."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving import Server

EXAMPLES = 2000
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}],
    }
)
REQUESTS: list[tuple[str, dict[str, str]]] = [
    ("iam", {"Action": "CreateRole", "RoleName": "r", "AssumeRolePolicyDocument": TRUST}),
    ("iam", {"Action": "PutUserPolicy", "UserName": "u", "PolicyName": "p", "PolicyDocument": POLICY}),
    (
        "iam",
        {"Action": "CreatePolicy", "PolicyName": "p", "PolicyDocument": POLICY, "Tags.member.1.Key": "k"},
    ),
    ("iam", {"Action": "ListRoles", "PathPrefix": "/", "MaxItems": "10", "Marker": "x"}),
    ("iam", {"Action": "TagUser", "UserName": "u", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v"}),
    ("iam", {"Action": "GetAccessKeyLastUsed", "AccessKeyId": "AKIAXXXXXXXXXXXXXXXX"}),
    (
        "sts",
        {
            "Action": "AssumeRole",
            "RoleArn": "arn:aws:iam::111122223333:role/r",
            "RoleSessionName": "s",
            "DurationSeconds": "900",
            "Policy": POLICY,
            "Tags.member.1.Key": "k",
            "Tags.member.1.Value": "v",
            "PolicyArns.member.1.arn": "arn:aws:iam::111122223333:policy/p",
        },
    ),
    ("sts", {"Action": "GetCallerIdentity"}),
]
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
NASTY = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["", "\x00", "🙂" * 20, "%", "%zz", "a" * 5000, "[" * 3000, "{" * 3000, '{"a":' * 500, "-1", "1e9"]
    ),
    st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")),
)
COUNTS = {"sent": 0}


@pytest.fixture(scope="module")
def keys(server: Server) -> dict[str, Any]:
    """A user that may do nothing."""
    account = server.account("fuzzed", "111122223333")
    iam = server.client("iam", account)
    iam.create_user(UserName="nobody")
    found: dict[str, Any] = iam.create_access_key(UserName="nobody")["AccessKey"]
    return found


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str, dict[str, str], bytes, bool, str]:
    service, parameters = draw(st.sampled_from(REQUESTS))
    values = dict(parameters) | {"Version": VERSIONS[service]}
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(sorted(values)))
        change = draw(st.sampled_from(["value", "drop", "rename", "add"]))
        if change == "value":
            values[name] = draw(NASTY)
        elif change == "drop":
            values.pop(name)
        elif change == "rename":
            values[f"{name}.member.{draw(st.integers(-1, 10**12))}"] = values.pop(name)
        else:
            values[draw(NASTY)] = draw(NASTY)
        if not values:
            break
    headers = draw(
        st.dictionaries(
            st.sampled_from(
                ["X-Amz-Date", "Authorization", "X-Amz-Security-Token", "Accept", "Host", "X-Forwarded-For"]
            ),
            st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60),
            max_size=2,
        )
    )
    path = draw(
        st.sampled_from(["/", "/", "/", "/x", "//", "/%2e%2e/", "/?Action=ListUsers&Version=2010-05-08"])
    )
    body = urlencode(values, errors="replace").encode()
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(body)))
        body = body[:cut] + draw(st.binary(max_size=8)) + body[cut:]
    return (
        service,
        path,
        headers,
        body,
        draw(st.booleans()),
        draw(st.sampled_from(["POST", "POST", "GET", "PUT"])),
    )


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=mutated())
def test_no_mutation_breaks_or_passes(
    server: Server, keys: dict[str, Any], case: tuple[str, str, dict[str, str], bytes, bool, str]
) -> None:
    service, path, headers, body, sign, method = case
    request = AWSRequest(method, server.endpoint + path, data=body)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    if sign:
        SigV4Auth(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]), service, "us-east-1").add_auth(
            request
        )
    sent = {name: str(value) for name, value in request.headers.items()} | headers
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=20)
    try:
        connection.putrequest(method, path, skip_host="Host" in sent, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    COUNTS["sent"] += 1
    assert answer.status < 500, text
    if answer.status == 200:
        assert method == "OPTIONS" or "GetCallerIdentity" in text, text


def test_the_count_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nfuzzed requests sent: {COUNTS['sent']}")
    assert COUNTS["sent"] >= EXAMPLES
