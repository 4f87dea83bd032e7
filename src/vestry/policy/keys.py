"""The condition keys that are known here: their types, and whether they hold several values.

How to read it: one row a key, in lower case; a name that ends in `/` is a family whose members are named by what
follows (a tag's key). `several` marks keys that only a set operator can test. A key that is not in the table is no
error: it is stored, and absent from every request, as on AWS; reports name it.
Sources: IAM User Guide, "AWS global condition context keys", "IAM and AWS STS condition context keys";
Service Authorization Reference, "Amazon EC2".
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import msgspec

from vestry.policy.provider_claims import EVERY, special_claims


class KeyType(Enum):
    """What a key's values are."""

    STRING = auto()
    NUMERIC = auto()
    DATE = auto()
    BOOL = auto()
    IP_ADDRESS = auto()
    ARN = auto()


class ConditionKey(msgspec.Struct, frozen=True, gc=False):
    """One key, or one family of keys."""

    name: str
    type: KeyType
    several: bool = False


_S, _N, _D, _B, _IP, _A = KeyType

_GLOBAL: Final = (
    ConditionKey("aws:assumedroot", _B),
    ConditionKey("aws:calledvia", _S, several=True),
    ConditionKey("aws:calledviafirst", _S),
    ConditionKey("aws:calledvialast", _S),
    ConditionKey("aws:currenttime", _D),
    ConditionKey("aws:ec2instancesourceprivateipv4", _IP),
    ConditionKey("aws:ec2instancesourcevpc", _S),
    ConditionKey("aws:epochtime", _D),
    ConditionKey("aws:federatedprovider", _S),
    ConditionKey("aws:multifactorauthage", _N),
    ConditionKey("aws:multifactorauthpresent", _B),
    ConditionKey("aws:principalaccount", _S),
    ConditionKey("aws:principalarn", _A),
    ConditionKey("aws:principalisawsservice", _B),
    ConditionKey("aws:principalorgid", _S),
    ConditionKey("aws:principalorgpaths", _S, several=True),
    ConditionKey("aws:principalservicename", _S),
    ConditionKey("aws:principalservicenameslist", _S, several=True),
    ConditionKey("aws:principaltag/", _S),
    ConditionKey("aws:principaltype", _S),
    ConditionKey("aws:referer", _S),
    ConditionKey("aws:requestedregion", _S),
    ConditionKey("aws:requesttag/", _S),
    ConditionKey("aws:resourceaccount", _S),
    ConditionKey("aws:resourceorgid", _S),
    ConditionKey("aws:resourceorgpaths", _S, several=True),
    ConditionKey("aws:resourcetag/", _S),
    ConditionKey("aws:securetransport", _B),
    ConditionKey("aws:sourceaccount", _S),
    ConditionKey("aws:sourcearn", _A),
    ConditionKey("aws:sourceidentity", _S),
    ConditionKey("aws:sourceip", _IP),
    ConditionKey("aws:sourceorgid", _S),
    ConditionKey("aws:sourceorgpaths", _S, several=True),
    ConditionKey("aws:sourcevpc", _S),
    ConditionKey("aws:sourcevpce", _S),
    ConditionKey("aws:tagkeys", _S, several=True),
    ConditionKey("aws:tokenissuetime", _D),
    ConditionKey("aws:useragent", _S),
    ConditionKey("aws:userid", _S),
    ConditionKey("aws:username", _S),
    ConditionKey("aws:viaawsservice", _B),
    ConditionKey("aws:vpcsourceip", _IP),
)

_IAM_AND_STS: Final = (
    ConditionKey("iam:associatedresourcearn", _A),
    ConditionKey("iam:awsservicename", _S),
    ConditionKey("iam:organizationspolicyid", _S),
    ConditionKey("iam:passedtoservice", _S),
    ConditionKey("iam:permissionsboundary", _A),
    ConditionKey("iam:policyarn", _A),
    ConditionKey("iam:resourcetag/", _S),
    ConditionKey("sts:awsservicename", _S),
    ConditionKey("sts:durationseconds", _N),
    ConditionKey("sts:externalid", _S),
    ConditionKey("sts:identitytokenaudience", _S, several=True),
    ConditionKey("sts:roleauthorizedbyidp", _B),
    ConditionKey("sts:rolesessionname", _S),
    ConditionKey("sts:signingalgorithm", _S),
    ConditionKey("sts:sourceidentity", _S),
    ConditionKey("sts:taskpolicyarn", _A),
    ConditionKey("sts:transitivetagkeys", _S, several=True),
)

#: Source: Service Authorization Reference, "Amazon EC2"; those that the offered operations have.
_EC2: Final = (
    ConditionKey("ec2:attribute/", _S),
    ConditionKey("ec2:availabilityzone", _S),
    ConditionKey("ec2:availabilityzoneid", _S),
    ConditionKey("ec2:createaction", _S),
    ConditionKey("ec2:ebsoptimized", _B),
    ConditionKey("ec2:imageid", _S),
    ConditionKey("ec2:instanceautorecovery", _S),
    ConditionKey("ec2:instanceid", _S),
    ConditionKey("ec2:instancemetadatatags", _S),
    ConditionKey("ec2:instanceprofile", _A),
    ConditionKey("ec2:instancetype", _S),
    ConditionKey("ec2:keypairname", _S),
    ConditionKey("ec2:metadatahttpendpoint", _S),
    ConditionKey("ec2:metadatahttpputresponsehoplimit", _N),
    ConditionKey("ec2:metadatahttptokens", _S),
    ConditionKey("ec2:newinstanceprofile", _A),
    ConditionKey("ec2:region", _S),
    ConditionKey("ec2:resourcetag/", _S),
    ConditionKey("ec2:roledelivery", _N),
    ConditionKey("ec2:rootdevicetype", _S),
    ConditionKey("ec2:securitygroupid", _S),
    ConditionKey("ec2:sourceinstancearn", _A),
    ConditionKey("ec2:subnet", _A),
    ConditionKey("ec2:subnetid", _S),
    ConditionKey("ec2:tenancy", _S),
    ConditionKey("ec2:vpc", _A),
)

_SAML: Final = tuple(
    ConditionKey(f"saml:{name}", _S, several=several)
    for names, several in (
        # Of the response itself, and the attributes that a person has once.
        (("aud", "doc", "iss", "namequalifier", "sub", "sub_type"), False),
        (("edupersonorgdn", "edupersonprimaryaffiliation", "edupersonprimaryorgunitdn"), False),
        (("edupersonprincipalname",), False),
        # Attributes that the guide marks as lists.
        (("cn", "commonname", "givenname", "mail", "name", "organizationstatus", "primarygroupsid"), True),
        (("surname", "uid", "x500uniqueidentifier"), True),
        (("edupersonaffiliation", "edupersonassurance", "edupersonentitlement", "edupersonnickname"), True),
        (("edupersonorgunitdn", "edupersonscopedaffiliation", "edupersontargetedid"), True),
        (("eduorghomepageuri", "eduorgidentityauthnpolicyuri", "eduorglegalname"), True),
        (("eduorgsuperioruri", "eduorgwhitepagesuri"), True),
    )
    for name in names
)

#: What web identity providers' keys are called, after the provider's URL and a colon.
_CLAIMS: Final = {
    claim: ConditionKey(f":{claim}", _S, several=claim == "amr")
    for claim in (*EVERY, "app_id", "id", "user_id")
}

#: The table.
KEYS: Final[dict[str, ConditionKey]] = {row.name: row for row in (*_GLOBAL, *_IAM_AND_STS, *_EC2, *_SAML)}


def condition_key(name: str) -> ConditionKey | None:
    """Return the row of a key, in whatever case; None for a key that is never present here."""
    lowered = name.lower()
    family, slash, member = lowered.partition("/")
    if slash and member and family + slash in KEYS:
        return KEYS[family + slash]
    found = None if lowered.endswith("/") else KEYS.get(lowered)
    if found is not None:
        return found
    provider, _, claim = lowered.rpartition(":")
    if "." not in provider and ":" not in provider:
        return None
    if claim in special_claims(provider):
        return ConditionKey(f":{claim}", _N if claim == "google/organization_number" else _S)
    return _CLAIMS.get(claim)
