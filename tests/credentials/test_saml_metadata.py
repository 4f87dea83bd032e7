"""An identity provider's metadata: what is kept of it, and what is refused; tests carry the numbers of `read_metadata`."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from saml_documents import ENTITY, NOW, Signer, instant, metadata, signer
from vestry.credentials.saml_metadata import Metadata, read_metadata
from vestry.credentials.saml_xml import XmlRefused


def test_it_keeps_the_entity_and_the_keys() -> None:
    one, two = signer(), signer("curve")
    assert read_metadata(metadata(one, two)) == Metadata(ENTITY, (one.der, two.der))


def test_the_earliest_end_counts() -> None:
    text = metadata(root=f'validUntil="{instant(NOW + 100)}"')
    assert read_metadata(text).valid_until == NOW + 100
    sooner = text.replace("<md:IDPSSODescriptor ", f'<md:IDPSSODescriptor validUntil="{instant(NOW)}" ')
    assert read_metadata(sooner).valid_until == NOW


def test_a_key_for_any_use_signs_and_the_same_key_counts_once() -> None:
    assert len(read_metadata(metadata(signer(), signer(), use="")).certificates) == 1


def test_white_space_in_a_certificate_does_not_matter() -> None:
    der = signer().der
    spaced = metadata().replace(der, "\n  ".join(der[start : start + 64] for start in range(0, len(der), 64)))
    assert read_metadata(spaced).certificates == (der,)


#: Certificates with an RSA key of 768 bits, and with a DSA key; no library of today makes them.
SHORT = (
    "MIIBuTCCAUOgAwIBAgIUA/W2kPBujwGYom4kPVi+bdeH8SwwDQYJKoZIhvcNAQELBQAwEDEOMAwGA1UEAwwFc2hvcnQwIBcNMjYx"
    "MTI1MTAzNjEwWhgPMjEyNjExMDExMDM2MTBaMBAxDjAMBgNVBAMMBXNob3J0MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAMp8hON9"
    "ItWswPmjfYM5JJCWt4WjEV3CpIhMvX1er1bOoOL/8DRSFXQAsXQFbcJbazEx4uuCUpYS/6EKdkqrK0hQ/ngK4BrSaU74S+5oL60t"
    "vS3t6rnPrz+4FMejeeHyKQIDAQABo1MwUTAdBgNVHQ4EFgQUKr0kqrDia76XFe3bTuXaMWX3+7owHwYDVR0jBBgwFoAUKr0kqrDi"
    "a76XFe3bTuXaMWX3+7owDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAANhADavxYl4Qx9PO1WcNWQDFLW2vLSFX2EcPNuW"
    "bFj6ZVRCE6LZ9TA5clWou7F6tlwE2ZI0Lisk5Fc4XFA8JQ8TGi9ardHLKSHr84+XikANLUOhMYFg1pXkMaiWcCQS4ZnfUQ=="
)
DSA = (
    "MIIC1TCCAoGgAwIBAgIUbuN7m7P2L7f+gnOiItyR05EOg7gwCwYJYIZIAWUDBAMCMA4xDDAKBgNVBAMMA2RzYTAgFw0yNjExMjUx"
    "MDM2MzNaGA8yMTI2MTEwMTEwMzYzM1owDjEMMAoGA1UEAwwDZHNhMIIBvjCCATMGByqGSM44BAEwggEmAoGBALmtijnE930sUDbF"
    "x1DvlLiNxlbvUEkxZiRloK0lwBZ/t8HPFraomu0zHO57uf/MZ6tHX1l2rHAlIHkj6HnH+XeXQv+cdxJ+SbuwlwVlLRRCuQnTcEXL"
    "YpupKMy/EfEh9wmF4DJZXPasSOcxhTVmAYotzOJD5snGF753yuofU4jVAh0A/sGYIjOgourvOsO5PzxLLEhWCpPhl66RwRLPaQKB"
    "gHTyX9IOBVdphmKc03ae4ym2RzGe1LKg6xfQas8vLHjiJH0FcKHG6iQ9J0+72LMQDcwaqdSHOZ73fFa3BHRwLpELxv6rR9v729bd"
    "zmx4YtduRn6THga2NXZ2rM+NcP/ye3D0X0yQT6wANUH3Y082DlA3DZHz/e5e+8njZCTQoFdoA4GEAAKBgDFE5PK7qJeFSluv+KEB"
    "/77bEKsHVqeUsF5kvq6lR4UzQ4Qk98pkNjpiH7WNFRNZRtvRdCvWnDbXumrdkJaoQgiWG/l4+eD54YruCOK2QMKDsaOAENaA8sSf"
    "jVoV4YFevgiwGIu1yt5QO2XIZxx6Ws1p8isv0TsRJOFcPSFod/Vvo1MwUTAdBgNVHQ4EFgQUPmWyKGZng4iSPqK3eTMfs6Y6/Y0w"
    "HwYDVR0jBBgwFoAUPmWyKGZng4iSPqK3eTMfs6Y6/Y0wDwYDVR0TAQH/BAUwAwEB/zALBglghkgBZQMEAwIDQQAwPgIdANief/Qf"
    "rEFG1m1H7nsnb4K95VR3J4Ob6R+z0WICHQDPX/XzVlLQ2C8BvlWC0TDn1qxPtF1ypwaiVaV3"
)

CHANGES = [
    ("1: not XML", "<md:EntityDescriptor", "<md:EntityDescriptor<"),
    (
        "1: an external entity",
        "<md:EntityDescriptor",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><md:EntityDescriptor',
    ),
    ("2: another root", "EntityDescriptor", "EntitiesDescriptor"),
    ("2: another namespace", "urn:oasis:names:tc:SAML:2.0:metadata", "urn:oasis:names:tc:SAML:1.0:metadata"),
    ("2: no entityID", 'entityID="', 'entity="'),
    ("2: an empty entityID", f'entityID="{ENTITY}"', 'entityID=""'),
    ("2: an entityID that is too long", f'entityID="{ENTITY}"', f'entityID="{"x" * 1025}"'),
    ("3: no identity provider", "IDPSSODescriptor", "SPSSODescriptor"),
    (
        "3: of another protocol",
        '"urn:oasis:names:tc:SAML:2.0:protocol"',
        '"urn:oasis:names:tc:SAML:1.1:protocol"',
    ),
    ("3: no place to sign in", "md:SingleSignOnService", "md:SingleLogoutService"),
    ("4: no key for signing", 'use="signing"', 'use="encryption"'),
    ("4: no certificate", "ds:X509Certificate>", "ds:X509SubjectName>"),
    ("4: a certificate that is none", "<ds:X509Certificate>", "<ds:X509Certificate>AAAA"),
    ("4: an empty certificate", f"<ds:X509Certificate>{signer().der}", "<ds:X509Certificate>"),
    ("4: a certificate that is not base64", "<ds:X509Certificate>", "<ds:X509Certificate>!!"),
    ("an end that is no time", "entityID", 'validUntil="soon" entityID'),
]


@pytest.mark.parametrize(("old", "new"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_it_is_refused(old: str, new: str) -> None:
    text = metadata()
    assert old in text
    with pytest.raises(XmlRefused):
        read_metadata(text.replace(old, new))


@pytest.mark.parametrize("kind", ["short", "dsa"])
def test_5_a_weak_key_is_refused(kind: str) -> None:
    text = metadata().replace(signer().der, SHORT if kind == "short" else DSA)
    with pytest.raises(XmlRefused, match="a key is neither"):
        read_metadata(text)


def test_5_a_key_of_1024_bits_is_not_weak() -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505
    assert len(read_metadata(metadata(Signer(key))).certificates) == 1


def test_1_it_is_no_larger_than_ten_million_bytes() -> None:
    with pytest.raises(XmlRefused, match="too large"):
        read_metadata(metadata(inside="ä" * 5_000_000))


def test_3_what_is_missing_is_said() -> None:
    with pytest.raises(XmlRefused, match="no IDPSSODescriptor"):
        read_metadata(metadata().replace("md:SingleSignOnService", "md:SingleLogoutService"))


def test_surrogates_are_refused() -> None:
    with pytest.raises(XmlRefused):
        read_metadata(metadata(root='a="\ud800"'))
