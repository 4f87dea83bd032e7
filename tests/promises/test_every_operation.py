"""Every operation of the service models is offered with a declaration, or refuses by name; none runs unauthorized."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from certificates import authority, revocation_list
from saml_documents import metadata
from serving import Server
from vestry.server import second_factor
from vestry.services.registry import REGISTRY

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
SERVICES = ("ec2", "eks", "eks-auth", "iam", "rolesanywhere", "sts")
REST = ("eks", "eks-auth", "rolesanywhere")
LOADER = botocore.session.Session()
#: What is done to another account is denied without a reason.
ACROSS_ACCOUNTS = {("sts", "AssumeRoot")}
#: Errors of the models that have status 403 and are no denial.
MODELLED_REFUSALS = {"InvalidAuthenticationCode", "OutboundWebIdentityFederationDisabledException"}
#: How a request without a signature is refused, and one that no policy allows: EC2 and the REST services have their own.
UNSIGNED_CODES = {
    "ec2": ("MissingParameter", 400),
    **dict.fromkeys(REST, ("MissingAuthenticationTokenException", 403)),
}
DENIED_CODES = {"ec2": "UnauthorizedOperation", **dict.fromkeys(REST, "AccessDeniedException")}
#: The status of a denial where the service's model has one of its own.
DENIED_STATUS = {"eks-auth": 400}
#: How a caller is refused who proves nothing, signed or not.
UNPROVEN_CODES = {"rolesanywhere": ("MissingAuthenticationTokenException", 403)}
#: What an operation that is allowed and asked in good form may not answer.
REFUSALS = {
    *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"),
    *("ValidationError", "ValidationException", "InvalidInput", "MissingParameter"),
}
EXEMPT = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken"), ("rolesanywhere", "CreateSession")}


def model(service: str) -> Any:
    return LOADER.get_service_model(service)


#: Parameters that an operation needs although the model leaves them optional.
NEEDED = {("ec2", "RunInstances"): ("ImageId",)}

#: What botocore itself needs before it sends a request at all.
SENT = {"CopySnapshot": {"SourceRegion": "us-east-1", "SourceSnapshotId": "snap-1"}}

OFFERED = sorted(REGISTRY)
#: Operations whose callers sign, and those whose callers prove otherwise who they are.
SIGNED = [row for row in OFFERED if REGISTRY[row].proof is None]
PROVEN = [row for row in OFFERED if REGISTRY[row].proof is not None]


def is_unsigned(service: str, name: str) -> bool:
    """Tell whether the model wants no signature."""
    operation = model(service).operation_model(name)
    return operation.auth_type == "none" or "smithy.api#noAuth" in (operation.auth or [])


def in_the_path(service: str, name: str) -> dict[str, str]:
    """The parameters without which a REST operation has no path."""
    shape = model(service).operation_model(name).input_shape
    members = shape.members if shape is not None else {}
    return {key: "some" for key, member in members.items() if member.serialization.get("location") == "uri"}


OTHERS = sorted(
    (service, name)
    for service in SERVICES
    for name in model(service).operation_names
    if (service, name) not in REGISTRY
)


class Stage:
    """An account with one user of each kind of permission, and something for every operation to work on."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.account = server.account("every-operation")
        number = self.account["AccountId"]
        member = server.account("every-member")["AccountId"]
        server.operator("account.set", account=member, root_manager=number)
        self.root = server.client("iam", self.account)
        self.keys: dict[str, dict[str, Any]] = {}
        for name in ("nobody", "denied", "allowed", "someone"):
            self.root.create_user(UserName=name)
            self.keys[name] = self.root.create_access_key(UserName=name)["AccessKey"]
        self.keys["service"] = server.operator("service.create", name="every-operation.internal")
        self.root.put_user_policy(UserName="allowed", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
        deny = ALLOW | {
            "Statement": [*ALLOW["Statement"], {"Effect": "Deny", "Action": "*", "Resource": "*"}]
        }
        self.root.put_user_policy(UserName="denied", PolicyName="p", PolicyDocument=json.dumps(deny))
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": number}, "Action": "sts:AssumeRole"}],
        }
        self.root.create_role(RoleName="some-role", AssumeRolePolicyDocument=json.dumps(trust))
        self.root.put_role_policy(
            RoleName="some-role", PolicyName="some-policy", PolicyDocument=json.dumps(ALLOW)
        )
        self.root.put_user_policy(
            UserName="someone", PolicyName="some-policy", PolicyDocument=json.dumps(ALLOW)
        )
        made = self.root.create_policy(PolicyName="managed", PolicyDocument=json.dumps(ALLOW))
        arn = made["Policy"]["Arn"]
        self.root.attach_role_policy(RoleName="some-role", PolicyArn=arn)
        self.root.attach_user_policy(UserName="someone", PolicyArn=arn)
        self.root.put_user_permissions_boundary(UserName="someone", PermissionsBoundary=arn)
        self.root.put_role_permissions_boundary(RoleName="some-role", PermissionsBoundary=arn)
        provider = self.root.create_open_id_connect_provider(Url="https://token.example.com")
        saml = self.root.create_saml_provider(Name="Some", SAMLMetadataDocument=metadata())
        self.samples: dict[str, Any] = {
            "SAMLProviderArn": saml["SAMLProviderArn"],
            "SAMLMetadataDocument": metadata(),
            "UserName": "someone",
            "RoleName": "some-role",
            "PolicyName": "some-policy",
            "PolicyArn": arn,
            "PermissionsBoundary": arn,
            "PolicyDocument": json.dumps(ALLOW),
            "AssumeRolePolicyDocument": json.dumps(trust),
            "AccessKeyId": self.keys["someone"]["AccessKeyId"],
            "Status": "Active",
            "VersionId": "v1",
            "Tags": [{"Key": "k", "Value": "v"}],
            "TagKeys": ["k"],
            "Description": "words",
            "RoleArn": f"arn:aws:iam::{number}:role/some-role",
            "RoleSessionName": "work",
            "OpenIDConnectProviderArn": provider["OpenIDConnectProviderArn"],
            "Url": "https://another.example.com",
            "ClientID": "app",
            "ThumbprintList": ["0" * 40],
            "WebIdentityToken": "not-a-token",
            "SAMLAssertion": "bm90IGFuIGFzc2VydGlvbg==",
            "PrincipalArn": f"arn:aws:iam::{number}:saml-provider/nobody",
            "Name": "somebody",
            "VirtualMFADeviceName": "device",
            "Audience": ["somewhere"],
            "EncodedMessage": "nothing",
            "TradeInToken": "nothing",
            "TargetPrincipal": member,
            "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
            "SigningAlgorithm": "ES384",
            "AuthenticationCode1": "000000",
            "AuthenticationCode2": "000001",
        }
        self.machine(server)
        self.own = {"rolesanywhere": self.anywhere(server), "eks": self.cluster(server)}
        self.own["eks-auth"] = self.own["eks"]
        device = self.root.create_virtual_mfa_device(VirtualMFADeviceName="some-device")["VirtualMFADevice"]
        self.samples["SerialNumber"] = device["SerialNumber"]

    def machine(self, server: Server) -> None:
        """Register an instance with a profile for the operations of EC2."""
        ec2 = server.client("ec2", self.account)
        self.root.create_instance_profile(InstanceProfileName="some-profile")
        self.root.create_instance_profile(InstanceProfileName="launched")
        self.root.add_role_to_instance_profile(InstanceProfileName="launched", RoleName="some-role")
        launched = ec2.run_instances(
            ImageId="ami-12345678", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "launched"}
        )
        (association,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
        identifier = launched["Instances"][0]["InstanceId"]
        self.samples |= {
            "InstanceProfileName": "some-profile",
            "ImageId": "ami-12345678",
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceId": identifier,
            "InstanceIds": [identifier],
            "Resources": [identifier],
            "AssociationId": association["AssociationId"],
            "IamInstanceProfile": {"Name": "some-profile"},
            "Attribute": "instanceType",
        }

    def anywhere(self, server: Server) -> dict[str, Any]:
        """Trust an authority for the operations of IAM Roles Anywhere; return their samples."""
        client, root = server.client("rolesanywhere", self.account), authority()
        source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": root.pem}}
        anchor = client.create_trust_anchor(name="some", source=source)["trustAnchor"]
        profile = client.create_profile(name="some", roleArns=[])["profile"]
        arn, data = anchor["trustAnchorArn"], revocation_list(root)
        found = client.import_crl(name="some", crlData=data, trustAnchorArn=arn)["crl"]
        return {
            "name": "some",
            "source": source,
            "trustAnchorId": anchor["trustAnchorId"],
            "trustAnchorArn": arn,
            "profileId": profile["profileId"],
            "profileArn": profile["profileArn"],
            "roleArn": f"arn:aws:iam::{self.account['AccountId']}:role/some-role",
            "roleArns": [],
            "crlId": found["crlId"],
            "crlData": data,
            "subjectId": anchor["trustAnchorId"],
            "certificateField": "x509Subject",
            "mappingRules": [{"specifier": "CN"}],
            "notificationSettings": [],
            "notificationSettingKeys": [],
            "resourceArn": arn,
            "tags": [{"key": "k", "value": "v"}],
            "tagKeys": ["k"],
        }

    def cluster(self, server: Server) -> dict[str, Any]:
        """Register a cluster with an association for the operations of EKS; return their samples."""
        number = self.account["AccountId"]
        issuer = "https://oidc.example.com"
        server.operator("cluster.create", name="some", account=number, issuer=issuer, region="us-east-1")
        trust = ALLOW | {
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:*"}
            ]
        }
        made = self.root.create_role(RoleName="pod", AssumeRolePolicyDocument=json.dumps(trust))
        pod = {"namespace": "shop", "roleArn": made["Role"]["Arn"]}
        eks = server.client("eks", self.account)
        first = eks.create_pod_identity_association(clusterName="some", serviceAccount="till", **pod)
        return pod | {
            "clusterName": "some",
            "name": "some",
            "serviceAccount": "safe",
            "associationId": first["association"]["associationId"],
            "resourceArn": first["association"]["associationArn"],
            "tags": {"k": "v"},
            "tagKeys": ["k"],
            "token": "not.a.token",
        }

    def call(self, service: str, name: str, who: str | None) -> Any:
        operation = model(service).operation_model(name)
        shape = operation.input_shape
        needed = [] if shape is None else [*shape.required_members, *NEEDED.get((service, name), ())]
        samples = self.samples | self.own.get(service, {})
        parameters = {member: samples[member] for member in needed}
        if who is None:
            client = boto3.client(
                service,
                endpoint_url=self.server.endpoint,
                region_name="us-east-1",
                config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
            )
        else:
            client = self.server.client(service, self.keys[who])
        return client._make_api_call(name, parameters)


@pytest.fixture(scope="module")
def stage(server: Server) -> Stage:
    return Stage(server)


def error_of(stage: Stage, service: str, name: str, who: str | None) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        stage.call(service, name, who)
    response: dict[str, Any] = caught.value.response
    return response


@pytest.mark.parametrize(("service", "name"), SIGNED)
def test_unsigned_is_refused(stage: Stage, service: str, name: str) -> None:
    answer = error_of(stage, service, name, None)
    found = answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
    assert found == UNSIGNED_CODES.get(service, ("MissingAuthenticationToken", 403))


@pytest.mark.parametrize(("service", "name"), [row for row in SIGNED if row not in EXEMPT])
def test_a_caller_without_policies_is_denied(stage: Stage, service: str, name: str) -> None:
    answer = error_of(stage, service, name, "nobody")
    assert answer["Error"]["Code"] == DENIED_CODES.get(service, "AccessDenied")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == DENIED_STATUS.get(service, 403)
    reason = f"because no identity-based policy allows the {service}:{name} action"
    assert (reason in answer["Error"]["Message"]) is ((service, name) not in ACROSS_ACCOUNTS)


@pytest.mark.parametrize(("service", "name"), [row for row in SIGNED if row not in EXEMPT])
def test_an_explicit_deny_wins(stage: Stage, service: str, name: str) -> None:
    answer = error_of(stage, service, name, "denied")
    assert answer["Error"]["Code"] == DENIED_CODES.get(service, "AccessDenied")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == DENIED_STATUS.get(service, 403)
    told = "with an explicit deny in an identity-based policy" in answer["Error"]["Message"]
    assert told is ((service, name) not in ACROSS_ACCOUNTS)


@pytest.mark.parametrize(("service", "name"), [row for row in SIGNED if row != ("sts", "GetCallerIdentity")])
def test_a_service_principal_is_denied_whatever_nobody_granted_it(
    stage: Stage, service: str, name: str
) -> None:
    answer = error_of(stage, service, name, "service")
    if answer["Error"]["Message"] == "Must specify userName when calling with non-User credentials":
        return  # said before anybody is asked
    assert answer["Error"]["Code"] == DENIED_CODES.get(service, "AccessDenied"), answer
    said = answer["Error"]["Message"].removeprefix("You are not authorized to perform this operation. ")
    assert said.startswith("User: every-operation.internal is not authorized to perform")


def test_exactly_the_operations_that_the_model_leaves_unsigned_are_proven_otherwise() -> None:
    for service, name in OFFERED:
        assert is_unsigned(service, name) is ((service, name) in PROVEN), (service, name)


def test_a_signature_does_not_replace_a_proof(stage: Stage) -> None:
    for service, name in PROVEN:
        for who in (None, "allowed"):
            answer = error_of(stage, service, name, who)
            found = answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
            assert found == UNPROVEN_CODES.get(service, ("InvalidIdentityToken", 400)), answer


@pytest.mark.parametrize(("service", "name"), SIGNED)
def test_a_caller_with_permission_is_not_denied(stage: Stage, service: str, name: str) -> None:
    try:
        stage.call(service, name, "allowed")
    except ClientError as error:
        if error.response["Error"]["Code"] not in MODELLED_REFUSALS:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404, 409), error
        assert error.response["Error"]["Code"] not in REFUSALS, error


def test_only_what_aws_exempts_is_exempt() -> None:
    assert {key for key, operation in REGISTRY.items() if operation.declaration.exempt} == EXEMPT


def test_every_registered_operation_is_in_the_model() -> None:
    for service, name in REGISTRY:
        assert name in model(service).operation_names


def test_every_other_operation_refuses_by_name(stage: Stage) -> None:
    assert OTHERS
    clients = {
        service: stage.server.client(service, stage.keys["allowed"], parameter_validation=False)
        for service in SERVICES
    }
    for service, name in OTHERS:
        if is_unsigned(service, name):
            continue
        try:
            clients[service]._make_api_call(name, SENT.get(name, in_the_path(service, name)))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "UnsupportedOperation", error
            assert f"{service}:{name}" in error.response["Error"]["Message"]
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        else:
            pytest.fail(f"{service}:{name} was answered")


@pytest.mark.parametrize(("service", "name"), OFFERED)
def test_every_modelled_parameter_is_read(service: str, name: str) -> None:
    package = Path(__file__).resolve().parents[2] / "src" / "vestry"
    folders = (package / "services" / service.replace("-", "_"), package / "access")  # proofs are read there
    source = "".join(path.read_text() for folder in folders for path in folder.glob("*.py"))
    if REGISTRY[service, name].mfa:
        source += inspect.getsource(second_factor)
    shape = model(service).operation_model(name).input_shape
    for member in shape.members if shape is not None else ():
        assert f'"{member}"' in source, f"{service}:{name} has a parameter that nothing reads: {member}"
