"""Answers byte by byte: envelopes, order of elements, both forms, each protocol family."""

from __future__ import annotations

import pytest
from botocore_judge import received

from vestry.errors import (
    AccessDenied,
    ExpiredToken,
    Fault,
    InternalFailure,
    InvalidAction,
    InvalidClientTokenId,
    MalformedInput,
    NoSuchEntity,
    ServiceUnavailable,
    Throttling,
    ValidationError,
)
from vestry.wire.model import Service, load_service
from vestry.wire.serialize import content_type, failure, success

IAM, STS, EC2, ORGANIZATIONS = (load_service(name) for name in ("iam", "sts", "ec2", "organizations"))
ID = "c6104cbe-af31-11e0-8154-cbc7ccf896c7"
IDENTITY = {"UserId": "AIDAEXAMPLE", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/casey"}

XML = [
    (
        "GetCallerIdentity: the ARN first",
        "sts",
        "GetCallerIdentity",
        IDENTITY,
        f"""\
<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::123456789012:user/casey</Arn>
    <UserId>AIDAEXAMPLE</UserId>
    <Account>123456789012</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>{ID}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
""",
    ),
    (
        "AssumeRole: the session's user, the credentials, the source identity",
        "sts",
        "AssumeRole",
        {
            "SourceIdentity": "casey",
            "Credentials": {
                "Expiration": 1795000000,
                "SessionToken": "t",
                "SecretAccessKey": "s",
                "AccessKeyId": "ASIAEXAMPLE",
            },
            "AssumedRoleUser": {"Arn": "arn:aws:sts::1:assumed-role/r/s", "AssumedRoleId": "AROAEXAMPLE:s"},
        },
        f"""\
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>AROAEXAMPLE:s</AssumedRoleId>
      <Arn>arn:aws:sts::1:assumed-role/r/s</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>s</SecretAccessKey>
      <SessionToken>t</SessionToken>
      <Expiration>2026-11-18T11:06:40Z</Expiration>
    </Credentials>
    <SourceIdentity>casey</SourceIdentity>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>{ID}</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
""",
    ),
    (
        "an operation without output has its metadata alone",
        "iam",
        "DeleteRole",
        {},
        f"""\
<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <ResponseMetadata>
    <RequestId>{ID}</RequestId>
  </ResponseMetadata>
</DeleteRoleResponse>
""",
    ),
    (
        "an output without members is an empty element",
        "iam",
        "UpdateRole",
        {},
        f"""\
<UpdateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <UpdateRoleResult/>
  <ResponseMetadata>
    <RequestId>{ID}</RequestId>
  </ResponseMetadata>
</UpdateRoleResponse>
""",
    ),
    (
        "empty texts, lists and structures are empty elements; a page says first whether there is more",
        "iam",
        "ListRoles",
        {
            "Roles": [
                {
                    "RoleName": "r",
                    "Path": "/",
                    "Description": "",
                    "RoleLastUsed": {},
                    "Tags": [],
                    "CreateDate": 0,
                },
                {"RoleName": "<&>", "Tags": [{"Key": "k", "Value": "v"}]},
            ],
            "IsTruncated": False,
        },
        f"""\
<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <ListRolesResult>
    <IsTruncated>false</IsTruncated>
    <Roles>
      <member>
        <Path>/</Path>
        <RoleLastUsed/>
        <RoleName>r</RoleName>
        <Description/>
        <CreateDate>1970-01-01T00:00:00Z</CreateDate>
        <Tags/>
      </member>
      <member>
        <RoleName>&lt;&amp;&gt;</RoleName>
        <Tags>
          <member>
            <Key>k</Key>
            <Value>v</Value>
          </member>
        </Tags>
      </member>
    </Roles>
  </ListRolesResult>
  <ResponseMetadata>
    <RequestId>{ID}</RequestId>
  </ResponseMetadata>
</ListRolesResponse>
""",
    ),
    (
        "a map has entries",
        "iam",
        "GetAccountSummary",
        {"SummaryMap": {"Users": 3}},
        f"""\
<GetAccountSummaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <GetAccountSummaryResult>
    <SummaryMap>
      <entry>
        <key>Users</key>
        <value>3</value>
      </entry>
    </SummaryMap>
  </GetAccountSummaryResult>
  <ResponseMetadata>
    <RequestId>{ID}</RequestId>
  </ResponseMetadata>
</GetAccountSummaryResponse>
""",
    ),
    (
        "EC2 puts its members below the operation, after the request id, and prints milliseconds",
        "ec2",
        "DisassociateIamInstanceProfile",
        {
            "IamInstanceProfileAssociation": {
                "AssociationId": "iip-assoc-1",
                "IamInstanceProfile": {"Arn": "a", "Id": "AIPA1"},
                "State": "disassociating",
                "Timestamp": 1795000000,
            }
        },
        f"""\
<DisassociateIamInstanceProfileResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15">
  <requestId>{ID}</requestId>
  <iamInstanceProfileAssociation>
    <associationId>iip-assoc-1</associationId>
    <iamInstanceProfile>
      <arn>a</arn>
      <id>AIPA1</id>
    </iamInstanceProfile>
    <state>disassociating</state>
    <timestamp>2026-11-18T11:06:40.000Z</timestamp>
  </iamInstanceProfileAssociation>
</DisassociateIamInstanceProfileResponse>
""",
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "result", "expected"), [row[1:] for row in XML], ids=[row[0] for row in XML]
)
def test_xml_byte_by_byte(service: str, operation: str, result: dict[str, object], expected: str) -> None:
    assert success(load_service(service).operations[operation], result, ID, json=False).decode() == expected


def test_json_is_given_to_whoever_asks_for_it() -> None:
    assert success(STS.operations["GetCallerIdentity"], IDENTITY, ID, json=True) == (
        b'{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"123456789012",'
        b'"Arn":"arn:aws:iam::123456789012:user/casey","UserId":"AIDAEXAMPLE"},'
        b'"ResponseMetadata":{"RequestId":"c6104cbe-af31-11e0-8154-cbc7ccf896c7"}}}'
    )
    result = {"Credentials": {"Expiration": 1795000000, "AccessKeyId": "ASIA"}, "SourceIdentity": None}
    assert success(STS.operations["AssumeRole"], result, ID, json=True) == (
        b'{"AssumeRoleResponse":{"AssumeRoleResult":{"Credentials":{"AccessKeyId":"ASIA","Expiration":1795000000}},'
        b'"ResponseMetadata":{"RequestId":"c6104cbe-af31-11e0-8154-cbc7ccf896c7"}}}'
    )
    assert success(IAM.operations["DeleteRole"], {}, ID, json=True) == (
        b'{"DeleteRoleResponse":{"ResponseMetadata":{"RequestId":"c6104cbe-af31-11e0-8154-cbc7ccf896c7"}}}'
    )


def error(namespace: str, kind: str, code: str, message: str | None) -> str:
    said = "" if message is None else f"    <Message>{message}</Message>\n"
    return (
        f'<ErrorResponse xmlns="{namespace}">\n  <Error>\n    <Type>{kind}</Type>\n    <Code>{code}</Code>\n{said}'
        f"  </Error>\n  <RequestId>{ID}</RequestId>\n</ErrorResponse>\n"
    )


STS_NS, IAM_NS = "https://sts.amazonaws.com/doc/2011-06-15/", "https://iam.amazonaws.com/doc/2010-05-08/"
FAULT_NS = "http://webservices.amazon.com/AWSFault/2005-15-09"
FAULTS = [
    ("a refusal of STS", STS, AccessDenied("no"), 403, error(STS_NS, "Sender", "AccessDenied", "no")),
    ("a refusal of IAM", IAM, NoSuchEntity("gone"), 404, error(IAM_NS, "Sender", "NoSuchEntity", "gone")),
    (
        "no message, no element",
        STS,
        MalformedInput(None),
        400,
        error(STS_NS, "Sender", "MalformedInput", None),
    ),
    (
        "quotes stay, markup is escaped",
        STS,
        ValidationError("""'a' "b" <c> & d"""),
        400,
        error(STS_NS, "Sender", "ValidationError", """'a' "b" &lt;c&gt; &amp; d"""),
    ),
    (
        "what XML cannot carry is replaced",
        STS,
        ValidationError("\x00é\ud800\r\n"),
        400,
        error(STS_NS, "Sender", "ValidationError", "\ufffdé\ufffd&#xD;\n"),
    ),
    (
        "our own fault is the receiver's",
        IAM,
        InternalFailure("x"),
        500,
        error(IAM_NS, "Receiver", "InternalFailure", "x"),
    ),
    (
        "so is unavailability",
        IAM,
        ServiceUnavailable("x"),
        503,
        error(IAM_NS, "Receiver", "ServiceUnavailable", "x"),
    ),
    (
        "throttling is the sender's",
        IAM,
        Throttling(),
        400,
        error(IAM_NS, "Sender", "Throttling", "Rate exceeded"),
    ),
    ("an unknown operation", None, InvalidAction("x"), 400, error(FAULT_NS, "Sender", "InvalidAction", "x")),
    (
        "an unknown operation of STS",
        STS,
        InvalidAction("x"),
        400,
        error(FAULT_NS, "Sender", "InvalidAction", "x"),
    ),
]


@pytest.mark.parametrize(
    ("service", "fault", "status", "expected"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_a_fault_byte_by_byte(service: Service | None, fault: Fault, status: int, expected: str) -> None:
    found, body = failure(service, fault, ID, json=False)
    assert (found, body.decode()) == (status, expected)


def test_a_fault_as_json() -> None:
    assert failure(STS, InvalidClientTokenId(), ID, json=True) == (
        403,
        b'{"Error":{"Code":"InvalidClientTokenId","Message":"The security token included in the request is invalid.",'
        b'"Type":"Sender"},"RequestId":"c6104cbe-af31-11e0-8154-cbc7ccf896c7"}',
    )
    assert b"Message" not in failure(STS, MalformedInput(None), ID, json=True)[1]


def test_faults_of_other_families_are_read_by_botocore() -> None:
    status, body = failure(EC2, InvalidClientTokenId(), ID, json=False)
    parsed = received("ec2", "DescribeInstances", body, status)
    assert (status, parsed["Error"]["Code"]) == (401, "AuthFailure")
    assert parsed["ResponseMetadata"]["RequestId"] == ID
    assert failure(EC2, ExpiredToken(), ID, json=False)[0] == 400
    status, body = failure(ORGANIZATIONS, AccessDenied("no"), ID, json=False)
    parsed = received("organizations", "ListRoots", body, status)
    assert parsed["Error"] == {"Code": "AccessDeniedException", "Message": "no"}


def test_content_types() -> None:
    assert content_type(STS, json=False) == "text/xml"
    assert content_type(None, json=False) == "text/xml"
    assert content_type(STS, json=True) == "application/json"
    assert content_type(EC2, json=False) == "text/xml;charset=UTF-8"
    assert content_type(ORGANIZATIONS, json=False) == "application/x-amz-json-1.1"
