"""What is wrong with parameters, in AWS's words: rows of (sentence, operation, query, the whole message)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from vestry.errors import Fault, InvalidParameterValue, MalformedInput, MissingParameter, ValidationError
from vestry.wire.model import load_service
from vestry.wire.parse import parse_parameters, read_query
from vestry.wire.validate import validate

ARN = "arn:aws:iam::123456789012:role/x"
ARN_PATTERN = r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+"
TAG_KEY = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"
FAILED = "failed to satisfy constraint: Member must"
NAMES = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
PATHS = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
PREFIXES = "It must begin with the / character and contain only alphanumeric characters and/or / characters."


def fault(service: str, operation: str, parameters: dict[str, str]) -> Fault | None:
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in parameters.items()).encode()
    found = load_service(service).operations[operation]
    try:
        validate(found, parse_parameters(found, read_query(query)))
    except Fault as refused:
        return refused
    return None


def assume(**changed: str | None) -> dict[str, str]:
    whole = {"RoleArn": ARN, "RoleSessionName": "casey", **changed}
    return {name: value for name, value in whole.items() if value is not None}


STS = [
    (
        "a parameter that must be there prints null",
        assume(RoleArn=None),
        f"1 validation error detected: Value null at 'roleArn' {FAILED} not be null",
    ),
    (
        "two missing parameters are told together",
        assume(RoleArn=None, RoleSessionName=None),
        f"2 validation errors detected: Value null at 'roleArn' {FAILED} not be null; "
        f"Value null at 'roleSessionName' {FAILED} not be null",
    ),
    (
        "an empty role ARN fails pattern and length, the pattern first",
        assume(RoleArn=""),
        f"2 validation errors detected: Value '' at 'roleArn' {FAILED} satisfy regular expression pattern: "
        f"{ARN_PATTERN}; Value '' at 'roleArn' {FAILED} have length greater than or equal to 20",
    ),
    (
        "a short role ARN fails the length alone",
        assume(RoleArn="not-an-arn"),
        f"1 validation error detected: Value 'not-an-arn' at 'roleArn' {FAILED} have length greater than or equal to 20",
    ),
    ("2048 characters beyond ASCII are short enough", assume(RoleArn="é" * 2048), None),
    (
        "lengths count characters, not bytes",
        assume(RoleArn="é" * 2049),
        f"1 validation error detected: Value '{'é' * 2049}' at 'roleArn' {FAILED} have length less than or equal to 2048",
    ),
    (
        "a supplementary character fails the pattern although the pattern seems to allow it",
        assume(RoleArn="\U0001f600" * 2048),
        f"1 validation error detected: Value '{chr(0x1F600) * 2048}' at 'roleArn' {FAILED} satisfy regular expression "
        f"pattern: {ARN_PATTERN}",
    ),
    (
        "letters in decomposed form are not composed before they are counted",
        assume(RoleArn="e\u0301" * 1025),
        f"1 validation error detected: Value '{'e' + chr(0x301)}{('e' + chr(0x301)) * 1024}' at 'roleArn' {FAILED} have "
        "length less than or equal to 2048",
    ),
    (
        "an empty session name meets its pattern and fails its length",
        assume(RoleSessionName=""),
        f"1 validation error detected: Value '' at 'roleSessionName' {FAILED} have length greater than or equal to 2",
    ),
    (
        "a slash in a session name fails the pattern",
        assume(RoleSessionName="bad/name"),
        f"1 validation error detected: Value 'bad/name' at 'roleSessionName' {FAILED} satisfy regular expression "
        r"pattern: [\w+=,.@-]*",
    ),
    (
        "letters beyond ASCII are no word characters in Java",
        assume(RoleSessionName="élan"),
        f"1 validation error detected: Value 'élan' at 'roleSessionName' {FAILED} satisfy regular expression "
        r"pattern: [\w+=,.@-]*",
    ),
    (
        "a line feed at the end is not forgiven",
        assume(RoleSessionName="casey\n"),
        f"1 validation error detected: Value 'casey\n' at 'roleSessionName' {FAILED} satisfy regular expression "
        r"pattern: [\w+=,.@-]*",
    ),
    (
        "a duration below the range prints its value",
        assume(DurationSeconds="899"),
        f"1 validation error detected: Value '899' at 'durationSeconds' {FAILED} have value greater than or equal to 900",
    ),
    (
        "a negative duration reaches the range check",
        assume(DurationSeconds="-2147483648"),
        f"1 validation error detected: Value '-2147483648' at 'durationSeconds' {FAILED} have value greater than or "
        "equal to 900",
    ),
    (
        "a duration above the range prints its value",
        assume(DurationSeconds="2147483647"),
        f"1 validation error detected: Value '2147483647' at 'durationSeconds' {FAILED} have value less than or equal "
        "to 43200",
    ),
    ("a duration may have a plus", assume(DurationSeconds="+900"), None),
    ("a duration may have zeros before it", assume(DurationSeconds="0900"), None),
    (
        "a tag is named by its place in the list",
        assume(**{"Tags.member.1.Key": "a", "Tags.member.1.Value": "b", "Tags.member.2.Key": "c*"}),
        f"2 validation errors detected: Value 'c*' at 'tags.2.member.key' {FAILED} satisfy regular expression pattern: "
        f"{TAG_KEY}; Value null at 'tags.2.member.value' {FAILED} not be null",
    ),
    (
        "a tag may have letters of any script",
        assume(**{"Tags.member.1.Key": "ключ 鍵", "Tags.member.1.Value": ""}),
        None,
    ),
    (
        "a bad element is told of its list, with all that elements must meet",
        assume(**{"TransitiveTagKeys.member.1": "ok", "TransitiveTagKeys.member.2": "a*"}),
        f"1 validation error detected: Value '[ok, a*]' at 'transitiveTagKeys' {FAILED} satisfy constraint: [Member must "
        "have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy "
        f"regular expression pattern: {TAG_KEY}, Member must not be null]",
    ),
]


@pytest.mark.parametrize(("parameters", "message"), [row[1:] for row in STS], ids=[row[0] for row in STS])
def test_sts_prints_the_value(parameters: dict[str, str], message: str | None) -> None:
    found = fault("sts", "AssumeRole", parameters)
    assert (found.message if found else None) == message
    assert found is None or type(found) is ValidationError


def test_a_sensitive_value_is_not_printed() -> None:
    found = fault("sts", "AssumeRoleWithSAML", {"RoleArn": ARN, "PrincipalArn": ARN, "SAMLAssertion": "abc"})
    assert found is not None
    assert found.message == (
        f"1 validation error detected: Value at 'sAMLAssertion' {FAILED} have length greater than or equal to 4"
    )


UNREADABLE = [
    ("an empty number", "", "missing value for decimal type"),
    ("letters", "abc", None),
    ("a decimal point", "900.0", None),
    ("one above int32", "2147483648", None),
    ("one below int32", "-2147483649", None),
    ("digits of another script", "\u0669\u0660\u0660", None),
    ("an underscore", "9_00", None),
    ("blanks", " 900", None),
    ("very many digits", "9" * 5000, None),
]


@pytest.mark.parametrize(
    ("value", "message"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE]
)
def test_a_number_that_cannot_be_read_is_malformed_input(value: str, message: str | None) -> None:
    found = fault("sts", "AssumeRole", assume(DurationSeconds=value))
    assert type(found) is MalformedInput
    assert found.message == message


DOCUMENT = "{}"
IAM = [
    (
        "a missing name prints no null",
        "CreateUser",
        {},
        f"1 validation error detected: Value at 'userName' {FAILED} not be null",
    ),
    (
        "a name of wrong characters has a sentence of its own",
        "CreateRole",
        {"RoleName": "bad/name", "AssumeRolePolicyDocument": DOCUMENT},
        f"The specified value for roleName is invalid. {NAMES}",
    ),
    (
        "an empty name breaks pattern and length, and the sentence stands alone",
        "DeleteUser",
        {"UserName": ""},
        f"The specified value for userName is invalid. {NAMES}",
    ),
    (
        "the new name is called by its own member",
        "UpdateUser",
        {"UserName": "a", "NewUserName": "b/c"},
        f"The specified value for newUserName is invalid. {NAMES}",
    ),
    (
        "a policy name",
        "PutRolePolicy",
        {"RoleName": "r", "PolicyName": "S3 access", "PolicyDocument": DOCUMENT},
        f"The specified value for policyName is invalid. {NAMES}",
    ),
    (
        "a name that is too long has the model's sentence",
        "CreateRole",
        {"RoleName": "a" * 65, "AssumeRolePolicyDocument": DOCUMENT},
        f"1 validation error detected: Value at 'roleName' {FAILED} have length less than or equal to 64",
    ),
    (
        "a path without slashes",
        "CreateUser",
        {"UserName": "a", "Path": "bad"},
        f"The specified value for path is invalid. {PATHS}",
    ),
    (
        "a new path",
        "UpdateUser",
        {"UserName": "a", "NewPath": "bad"},
        f"The specified value for newPath is invalid. {PATHS}",
    ),
    (
        "a path that is too long",
        "CreateUser",
        {"UserName": "a", "Path": f"/{'a' * 511}/"},
        f"1 validation error detected: Value at 'path' {FAILED} have length less than or equal to 512",
    ),
    ("two slashes inside a path", "CreateUser", {"UserName": "a", "Path": "/a//b/"}, None),
    (
        "an empty path prefix",
        "ListUsers",
        {"PathPrefix": ""},
        f"The specified value for pathPrefix is invalid. {PREFIXES}",
    ),
    (
        "a path prefix that is too long",
        "ListRoles",
        {"PathPrefix": f"/{'a' * 511}/"},
        f"1 validation error detected: Value at 'pathPrefix' {FAILED} have length less than or equal to 512",
    ),
    (
        "policies' path prefixes end in a slash; the sentence comes before the length",
        "ListPolicies",
        {"PathPrefix": f"/{'a' * 512}"},
        f"The specified value for pathPrefix is invalid. {PREFIXES}",
    ),
    ("a path prefix that ends in a part of a name", "ListUsers", {"PathPrefix": "/team"}, None),
    (
        "a byte order mark in a document",
        "CreateRole",
        {"RoleName": "r", "AssumeRolePolicyDocument": "\ufeff{}"},
        "The specified value for assumeRolePolicyDocument is invalid. It must contain only printable ASCII characters.",
    ),
    (
        "a description's pattern is printed with the characters themselves",
        "CreateRole",
        {"RoleName": "r", "AssumeRolePolicyDocument": DOCUMENT, "Description": "a — b"},
        f"1 validation error detected: Value at 'description' {FAILED} satisfy regular expression pattern: "
        "[\t\n\r -~\xa1-\xff]*",
    ),
    (
        "an empty tag key fails its length, then its pattern",
        "TagUser",
        {"UserName": "u", "Tags.member.1.Key": "", "Tags.member.1.Value": "v"},
        f"2 validation errors detected: Value at 'tags.1.member.key' {FAILED} have length greater than or equal to 1; "
        f"Value at 'tags.1.member.key' {FAILED} satisfy regular expression pattern: {TAG_KEY}",
    ),
    (
        "a tag without a value",
        "TagUser",
        {"UserName": "u", "Tags.member.1.Key": "a", "Tags.member.1.Value": "v", "Tags.member.2.Key": "b"},
        f"1 validation error detected: Value at 'tags.2.member.value' {FAILED} not be null",
    ),
    (
        "too many tags come before a bad tag",
        "TagUser",
        {
            "UserName": "u",
            **{f"Tags.member.{n}.Key": f"k{n}" for n in range(1, 51)},
            **{f"Tags.member.{n}.Value": "v" for n in range(1, 52)},
            "Tags.member.51.Key": "bad#key",
        },
        f"2 validation errors detected: Value at 'tags' {FAILED} have length less than or equal to 50; Value at "
        f"'tags.51.member.key' {FAILED} satisfy regular expression pattern: {TAG_KEY}",
    ),
    (
        "bad tag keys are told once, of their list",
        "UntagRole",
        {"RoleName": "r", "TagKeys.member.1": "bad#", "TagKeys.member.2": "k", "TagKeys.member.3": ""},
        f"1 validation error detected: Value at 'tagKeys' {FAILED} satisfy constraint: [Member must have length less than "
        "or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression "
        f"pattern: {TAG_KEY}, Member must not be null]",
    ),
    (
        "several members are told in the order of their names",
        "CreateOpenIDConnectProvider",
        {"Url": "u" * 256, "ClientIDList.member.1": "c" * 256, "ThumbprintList.member.1": "t"},
        f"3 validation errors detected: Value at 'clientIDList' {FAILED} satisfy constraint: [Member must have length "
        "less than or equal to 255, Member must have length greater than or equal to 1]; Value at 'thumbprintList' "
        f"{FAILED} satisfy constraint: [Member must have length less than or equal to 40, Member must have length greater "
        f"than or equal to 40]; Value at 'url' {FAILED} have length less than or equal to 255",
    ),
    (
        "a map's bad keys are told of the map",
        "PutAccountProperties",
        {"Properties.entry.1.key": "1", "Properties.entry.1.value": "x"},
        "1 validation error detected: Value at 'properties' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must have length less than or equal to 50, Member must have length greater than or equal to "
        "1, Member must satisfy regular expression pattern: ^[A-Za-z][A-Za-z0-9/_-]*$]",
    ),
    (
        "an enumeration does not print its set",
        "UpdateAccessKey",
        {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "On"},
        f"1 validation error detected: Value at 'status' {FAILED} satisfy enum value set",
    ),
    (
        "a number out of range prints no value",
        "ListUsers",
        {"MaxItems": "0"},
        f"1 validation error detected: Value at 'maxItems' {FAILED} have value greater than or equal to 1",
    ),
    (
        "a version id",
        "GetPolicyVersion",
        {"PolicyArn": "arn:aws:iam::123456789012:policy/p", "VersionId": "latest"},
        f"1 validation error detected: Value at 'versionId' {FAILED} satisfy regular expression pattern: "
        r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?",
    ),
]


@pytest.mark.parametrize(
    ("operation", "parameters", "message"), [row[1:] for row in IAM], ids=[row[0] for row in IAM]
)
def test_iam_prints_no_value(operation: str, parameters: dict[str, str], message: str | None) -> None:
    found = fault("iam", operation, parameters)
    assert (found.message if found else None) == message
    assert found is None or type(found) is ValidationError


EC2 = [
    (
        "EC2 names the first parameter that is missing",
        "DisassociateIamInstanceProfile",
        {},
        MissingParameter,
        "The request must contain the parameter AssociationId",
    ),
    (
        "EC2 tells the bound of a number",
        "DescribeIamInstanceProfileAssociations",
        {"MaxResults": "3"},
        InvalidParameterValue,
        "Value ( 3 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
    ),
    (
        "EC2 tells a value that is not of the enumeration",
        "ModifyInstanceMetadataOptions",
        {"InstanceId": "i-1", "HttpTokens": "maybe"},
        InvalidParameterValue,
        "Value (maybe) for parameter httpTokens is invalid.",
    ),
]


@pytest.mark.parametrize(
    ("operation", "parameters", "kind", "message"), [row[1:] for row in EC2], ids=[row[0] for row in EC2]
)
def test_ec2_has_words_of_its_own(
    operation: str, parameters: dict[str, str], kind: type[Fault], message: str
) -> None:
    found = fault("ec2", operation, parameters)
    assert type(found) is kind
    assert found.message == message
