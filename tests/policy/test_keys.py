"""The table of condition keys."""

from __future__ import annotations

import pytest

from vestry.policy.keys import KEYS, KeyType, condition_key

#: The keys as the guide lists them, by type. Those with a star may hold several values; a slash ends a family.
GUIDE = {
    KeyType.STRING: """
        aws:CalledVia* aws:CalledViaFirst aws:CalledViaLast aws:Ec2InstanceSourceVpc aws:FederatedProvider
        aws:PrincipalAccount
        aws:PrincipalOrgID aws:PrincipalOrgPaths* aws:PrincipalServiceName aws:PrincipalServiceNamesList*
        aws:PrincipalTag/ aws:PrincipalType aws:referer aws:RequestedRegion aws:RequestTag/ aws:ResourceAccount
        aws:ResourceOrgID aws:ResourceOrgPaths* aws:ResourceTag/ aws:SourceAccount aws:SourceIdentity aws:SourceOrgID
        aws:SourceOrgPaths* aws:SourceVpc aws:SourceVpce aws:TagKeys* aws:UserAgent aws:userid aws:username
        iam:AWSServiceName iam:OrganizationsPolicyId iam:PassedToService iam:ResourceTag/
        ec2:Attribute ec2:Attribute/ ec2:AvailabilityZone ec2:AvailabilityZoneId ec2:CreateAction ec2:ImageID
        ec2:InstanceAutoRecovery ec2:InstanceBandwidthWeighting ec2:InstanceID ec2:InstanceMetadataTags
        ec2:InstanceType ec2:KeyPairName ec2:MetadataHttpEndpoint ec2:MetadataHttpTokens ec2:Region ec2:ResourceTag/
        ec2:RootDeviceType ec2:SecurityGroupID ec2:SubnetID ec2:Tenancy
        sts:AWSServiceName sts:ExternalId sts:RoleSessionName sts:SourceIdentity sts:TransitiveTagKeys*
        saml:aud saml:doc saml:iss saml:namequalifier saml:sub saml:sub_type
        saml:cn* saml:commonName* saml:givenName* saml:mail* saml:name* saml:organizationStatus* saml:primaryGroupSID*
        saml:surname* saml:uid* saml:x500UniqueIdentifier*
        saml:eduPersonAffiliation* saml:eduPersonAssurance* saml:eduPersonEntitlement* saml:eduPersonNickname*
        saml:eduPersonOrgDN saml:eduPersonOrgUnitDN* saml:eduPersonPrimaryAffiliation saml:eduPersonPrimaryOrgUnitDN
        saml:eduPersonPrincipalName saml:eduPersonScopedAffiliation* saml:eduPersonTargetedID* saml:eduOrgHomePageURI*
        saml:eduOrgIdentityAuthNPolicyURI* saml:eduOrgLegalName* saml:eduOrgSuperiorURI* saml:eduOrgWhitePagesURI*
    """,
    KeyType.NUMERIC: "aws:MultiFactorAuthAge ec2:MetadataHttpPutResponseHopLimit ec2:RoleDelivery sts:DurationSeconds",
    KeyType.DATE: "aws:CurrentTime aws:EpochTime aws:TokenIssueTime",
    KeyType.BOOL: """
        aws:AssumedRoot aws:MultiFactorAuthPresent aws:PrincipalIsAWSService aws:SecureTransport aws:ViaAWSService ec2:EbsOptimized
    """,
    KeyType.IP_ADDRESS: "aws:Ec2InstanceSourcePrivateIPv4 aws:SourceIp aws:VpcSourceIp",
    KeyType.ARN: """
        aws:PrincipalArn aws:SourceArn ec2:InstanceProfile ec2:NewInstanceProfile ec2:PlacementGroup
        ec2:SourceInstanceARN ec2:Subnet ec2:Vpc iam:AssociatedResourceArn iam:PermissionsBoundary iam:PolicyARN
    """,
}

KNOWN = [
    ("aws:SourceIp", "aws:sourceip", False, "names have no case"),
    ("aws:TagKeys", "aws:tagkeys", True, "tag keys are several"),
    ("aws:PrincipalTag/Team", "aws:principaltag/", False, "a tag's key is part of a family"),
    ("aws:RequestTag/a/b", "aws:requesttag/", False, "a tag's key may hold slashes"),
    ("iam:ResourceTag/x", "iam:resourcetag/", False, "IAM has a family of its own"),
    ("sts:ExternalId", "sts:externalid", False, "a key of STS"),
    ("saml:eduPersonAffiliation", "saml:edupersonaffiliation", True, "SAML attributes are several"),
    ("saml:sub", "saml:sub", False, "a subject is one"),
    ("accounts.google.com:sub", ":sub", False, "a web identity provider's claim"),
    ("oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud", ":aud", False, "whose URL may have a path"),
    ("id.example.com:8443/x:sub", ":sub", False, "or a port"),
    ("cognito-identity.amazonaws.com:amr", ":amr", True, "amr is several"),
]
UNKNOWN = [
    ("aws:Unheard", "a key that does not exist"),
    ("aws:PrincipalTag/", "a family without a member"),
    ("aws:PrincipalTag", "nor without slash"),
    ("aws:SourceIp/x", "a single key has no members"),
    ("sub", "a claim without provider"),
    ("google:sub", "a provider is a host name"),
    ("", "nothing"),
]


@pytest.mark.parametrize(("name", "row", "several", "sentence"), KNOWN, ids=[row[3] for row in KNOWN])
def test_known_key(name: str, row: str, several: bool, sentence: str) -> None:
    found = condition_key(name)
    assert found is not None, sentence
    assert (found.name, found.several) == (row, several)


@pytest.mark.parametrize(("name", "sentence"), UNKNOWN, ids=[row[1] for row in UNKNOWN])
def test_unknown_key(name: str, sentence: str) -> None:
    assert condition_key(name) is None, sentence


def test_the_table_holds_the_guides_keys_and_no_other_attributes() -> None:
    listed = {
        name.lower().rstrip("*"): (kind, name.endswith("*"))
        for kind, names in GUIDE.items()
        for name in names.split()
    }
    table = {name: (row.type, row.several) for name, row in KEYS.items()}
    asked = {name for name in listed if name in table or not name.startswith("ec2:")}  # of EC2: what is used
    assert {name: table.get(name) for name in asked} == {name: listed[name] for name in asked}
    assert {name for name in table if name.startswith("saml:")} == {
        name for name in listed if name.startswith("saml:")
    }


@pytest.mark.parametrize("claim", ["aud", "oaud", "sub", "amr", "azp", "app_id", "id", "user_id"])
def test_a_web_identitys_claims_are_keys(claim: str) -> None:
    found = condition_key(f"id.example.com/path:{claim}")
    assert found is not None
    assert (found.type, found.several) == (KeyType.STRING, claim == "amr")
    assert condition_key(f"id.example.com:{claim}x") is None


def test_googles_organization_is_a_number() -> None:
    found = condition_key("accounts.google.com:google/organization_number")
    assert found is not None
    assert (found.name, found.type, found.several) == (":google/organization_number", KeyType.NUMERIC, False)
    branch = condition_key("agent.buildkite.com:build_branch")
    assert branch is not None
    assert (branch.name, branch.type) == (":build_branch", KeyType.STRING)


def test_names_are_in_lower_case() -> None:
    assert all(name == name.lower() == row.name for name, row in KEYS.items())
