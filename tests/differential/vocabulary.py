"""The words of the random requests: few, so that they often meet.

Every action, resource and condition key exists on AWS, because the other evaluator looks them up.
"""

from __future__ import annotations

from typing import NamedTuple

from vestry.policy.operators import Family

HERE, THERE = "111122223333", "444455556666"


def iam(rest: str, account: str = HERE) -> str:
    """An ARN of IAM."""
    return f"arn:aws:iam::{account}:{rest}"


def sts(rest: str, account: str = HERE) -> str:
    """An ARN of STS."""
    return f"arn:aws:sts::{account}:{rest}"


ANN, CARL, BOB = iam("user/ann"), iam("user/carl"), iam("user/bob", THERE)
DEV, OPS = iam("role/dev"), iam("role/ops", THERE)
DEV_1, DEV_2, OPS_1 = (
    sts("assumed-role/dev/s1"),
    sts("assumed-role/dev/s2"),
    sts("assumed-role/ops/s1", THERE),
)
GUEST, NAMESAKE = sts("federated-user/guest"), sts("federated-user/ann")
ROOT, OTHER_ROOT = iam("root"), iam("root", THERE)
LINKED = iam("role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
SERVICE, PROVIDER = "sns.amazonaws.com", iam("saml-provider/Idp")

#: Who asks; the commoner ones several times.
CALLERS = (
    *(ANN, CARL, BOB, DEV_1, DEV_2, OPS_1) * 4,
    *(DEV, GUEST, NAMESAKE, ROOT, OTHER_ROOT, LINKED, SERVICE) * 2,
    None,
)
#: Who is named by others than the caller is.
STRANGERS = (ANN, CARL, BOB, DEV, OPS, DEV_2, OPS_1, GUEST, iam("user/eve"), "777788889999", SERVICE)


class Deed(NamedTuple):
    """An action on a resource, and who owns the resource where its ARN does not say."""

    action: str
    resource: str


DEEDS = (
    Deed("s3:GetObject", "arn:aws:s3:::b/ann/x"),
    Deed("s3:GetObject", "arn:aws:s3:::b/red/x.txt"),
    Deed("s3:PutObject", "arn:aws:s3:::b/Ann"),
    Deed("s3:ListBucket", "arn:aws:s3:::b"),
    Deed("s3:ListAllMyBuckets", "*"),
    Deed("ec2:DescribeInstances", "*"),
    Deed("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{HERE}:red"),
    Deed("sns:Publish", f"arn:aws:sns:eu-west-1:{THERE}:news"),
    Deed("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{HERE}:table/red"),
    Deed("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{HERE}:function:f"),
    Deed("logs:PutLogEvents", f"arn:aws:logs:us-east-1:{HERE}:log-group:g:log-stream:s"),
    Deed("iam:GetUser", ANN),
    Deed("sts:AssumeRole", iam("role/T")),
    Deed("sts:AssumeRole", DEV),
    Deed("sts:TagSession", iam("role/T", THERE)),
)
FEDERATION = Deed("sts:AssumeRoleWithSAML", iam("role/T"))

NUMBERS = ("0", "1", "1.0", "300", "-2", "1.50", "007")
DATES = (
    "2024-02-29T12:00:00Z",
    "2024-02-29T14:00:00+02:00",
    "2024-02-29",
    "2025-01-01T00:00:00Z",
    "1709208000",
)
TEXTS = ("red", "Red", "blue", "r*d", "ann")
ADDRESSES = ("10.1.2.3", "10.1.2.4", "192.0.2.7", "2001:db8::7", "::1")
ARNS = (ANN, DEV, iam("user/Ann"), iam("role/path/dev"), f"arn:aws:logs:us-east-1:{HERE}:log-group:g:x")
BYTES = ("YQ==", "YWI=", "AA==")

#: What the keys of a family are worth in the request, and what a policy compares them with.
GIVEN: dict[Family, tuple[str, ...]] = {
    Family.STRING: TEXTS,
    Family.STRING_IGNORE_CASE: TEXTS,
    Family.STRING_LIKE: TEXTS,
    Family.NUMERIC: NUMBERS,
    Family.DATE: DATES,
    Family.BOOL: ("true", "false"),
    Family.BINARY: BYTES,
    Family.IP_ADDRESS: ADDRESSES,
    Family.ARN: ARNS,
    Family.NULL: TEXTS,
}
VARIABLES = (
    "${aws:username}",
    "${aws:PrincipalTag/team}",
    "${aws:SourceIdentity, 'red'}",
    "${aws:referer}",
    "${*}",
)
WANTED: dict[Family, tuple[str, ...]] = GIVEN | {
    Family.STRING: (*TEXTS, *VARIABLES),
    Family.STRING_IGNORE_CASE: (*TEXTS, "RED", "BLUE", *VARIABLES),
    Family.STRING_LIKE: (*TEXTS, "r?d", "*", "b*e", "?ed", "*e*", "R*", "r${*}d", *VARIABLES),
    Family.BOOL: ("true", "false", "True"),
    Family.IP_ADDRESS: (
        *ADDRESSES,
        "10.0.0.0/8",
        "10.1.2.0/30",
        "0.0.0.0/0",
        "2001:db8::/32",
        "192.0.2.7/32",
    ),
    Family.ARN: (
        *ARNS,
        "arn:aws:iam::*:user/*",
        "arn:aws:iam::*:*",
        "arn:aws:*:*:*:*",
        f"arn:aws:iam::{HERE}:role/???",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:logs:*:g:x",
    ),
    Family.NULL: ("true", "false"),
}
#: What is not what the operator compares.
MALFORMED: dict[Family, tuple[str, ...]] = {
    Family.NUMERIC: ("one", ""),
    Family.DATE: ("soon", "2023-02-29T00:00:00Z"),
    Family.BOOL: ("maybe",),
    Family.IP_ADDRESS: ("1.2.3", "everywhere"),
    Family.BINARY: ("arn", "YQ"),
    Family.ARN: ("ann", "*"),
}
#: The keys of one value that a family is asked of.
KEYS: dict[Family, tuple[str, ...]] = {
    Family.STRING: ("aws:PrincipalTag/team", "aws:username", "AWS:useragent"),
    Family.STRING_IGNORE_CASE: ("aws:PrincipalTag/team", "aws:username"),
    Family.STRING_LIKE: ("aws:PrincipalTag/Team", "aws:username", "aws:UserAgent"),
    Family.NUMERIC: ("aws:MultiFactorAuthAge", "aws:RequestTag/size"),
    Family.DATE: ("aws:CurrentTime", "aws:TokenIssueTime"),
    Family.BOOL: ("aws:SecureTransport", "aws:ViaAWSService"),
    Family.BINARY: ("aws:PrincipalTag/blob",),
    Family.IP_ADDRESS: ("aws:SourceIp", "aws:VpcSourceIp"),
    Family.ARN: ("aws:SourceArn", "aws:PrincipalArn"),
    Family.NULL: ("aws:PrincipalTag/team", "aws:SourceArn", "aws:TagKeys"),
}
#: The keys of several values, one a family: set operators are asked of them, or of the family's other keys.
_TEXT_SET = "aws:TagKeys"
SETS: dict[Family, str] = {
    Family.STRING: _TEXT_SET,
    Family.STRING_IGNORE_CASE: _TEXT_SET,
    Family.STRING_LIKE: _TEXT_SET,
    Family.NUMERIC: "aws:CalledVia",
    Family.DATE: "aws:PrincipalOrgPaths",
    Family.BOOL: "aws:PrincipalServiceNamesList",
    Family.BINARY: "aws:ResourceOrgPaths",
    Family.IP_ADDRESS: "aws:SourceOrgPaths",
    Family.ARN: "aws:VpceOrgPaths",
    Family.NULL: _TEXT_SET,
}
