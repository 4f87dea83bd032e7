"""SAML attributes of directories, and the condition keys that they make while a role is being assumed.

A row: the attribute's Name, and the key. Where several attributes of an assertion make one key, the first row counts.
Whether a key has several values is said in `keys`.
Source: IAM User Guide, "Mapping SAML attributes to AWS trust policy context keys".
"""

from __future__ import annotations

from typing import Final

_EDU_PERSON, _EDU_ORG = "urn:oid:1.3.6.1.4.1.5923.1.1.1.", "urn:oid:1.3.6.1.4.1.5923.1.2.1."
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

ATTRIBUTES: Final[tuple[tuple[str, str], ...]] = (
    # eduPerson and eduOrg
    (f"{_EDU_PERSON}1", "saml:edupersonaffiliation"),
    (f"{_EDU_PERSON}2", "saml:edupersonnickname"),
    (f"{_EDU_PERSON}3", "saml:edupersonorgdn"),
    (f"{_EDU_PERSON}4", "saml:edupersonorgunitdn"),
    (f"{_EDU_PERSON}5", "saml:edupersonprimaryaffiliation"),
    (f"{_EDU_PERSON}6", "saml:edupersonprincipalname"),
    (f"{_EDU_PERSON}7", "saml:edupersonentitlement"),
    (f"{_EDU_PERSON}8", "saml:edupersonprimaryorgunitdn"),
    (f"{_EDU_PERSON}9", "saml:edupersonscopedaffiliation"),
    (f"{_EDU_PERSON}10", "saml:edupersontargetedid"),
    (f"{_EDU_PERSON}11", "saml:edupersonassurance"),
    (f"{_EDU_ORG}2", "saml:eduorghomepageuri"),
    (f"{_EDU_ORG}3", "saml:eduorgidentityauthnpolicyuri"),
    (f"{_EDU_ORG}4", "saml:eduorglegalname"),
    (f"{_EDU_ORG}5", "saml:eduorgsuperioruri"),
    (f"{_EDU_ORG}6", "saml:eduorgwhitepagesuri"),
    ("urn:oid:2.5.4.3", "saml:cn"),
    # Active Directory
    (f"{_CLAIMS}name", "saml:name"),
    ("http://schemas.xmlsoap.org/claims/CommonName", "saml:commonname"),
    (f"{_CLAIMS}givenname", "saml:givenname"),
    (f"{_CLAIMS}surname", "saml:surname"),
    (f"{_CLAIMS}emailaddress", "saml:mail"),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "saml:primarygroupsid"),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "saml:uid"),
    # X.500; the identifiers are spelled as the guide has them
    ("2.5.4.3", "saml:commonname"),
    ("2.5.4.4", "saml:surname"),
    ("2.4.5.42", "saml:givenname"),
    ("2.5.4.45", "saml:x500uniqueidentifier"),
    ("0.9.2342.19200300100.1.1", "saml:uid"),
    ("0.9.2342.19200300100.1.3", "saml:mail"),
    ("0.9.2342.19200300.100.1.45", "saml:organizationstatus"),
)
