"""What a certificate says of its holder, as session tags and source identity.

Source: IAM Roles Anywhere User Guide, "The IAM Roles Anywhere trust model" (mapping of names, several values in one tag,
source identity rules) and "Certificate attribute mapping".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.x509.oid import NameOID

from vestry.credentials.authorities import extension_of
from vestry.errors import ValidationError

Pairs = tuple[tuple[str, str], ...]

#: The attributes of names that are known by a word; all others only by their number, where a rule names it.
ATTRIBUTES: dict[x509.ObjectIdentifier, str] = {
    NameOID.COMMON_NAME: "CN",
    NameOID.COUNTRY_NAME: "C",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.STREET_ADDRESS: "STREET",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
    NameOID.SURNAME: "SN",
    NameOID.GIVEN_NAME: "GN",
    NameOID.TITLE: "T",
    NameOID.INITIALS: "INITIALS",
    NameOID.GENERATION_QUALIFIER: "GENERATION",
    NameOID.DN_QUALIFIER: "DNQ",
    NameOID.PSEUDONYM: "PSEUDONYM",
    NameOID.USER_ID: "UID",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.EMAIL_ADDRESS: "E",
    NameOID.POSTAL_CODE: "POSTALCODE",
    NameOID.UNSTRUCTURED_NAME: "UNSTRUCTUREDNAME",
}
_ALL, _NAME = "*", "Name/"
_WORDS = frozenset(ATTRIBUTES.values())
_NUMBER = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,9})){1,20}", re.ASCII)
#: STS's alphabet of session tags: letters, digits and separators of any script.
_TAG = r"[\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000.:/=+\-@]"
_VALUE = re.compile(_TAG + "{0,256}")
_IDENTITY = re.compile(_TAG + "{2,64}")
_PREFIXED = 61  # characters of a common name that still takes its prefix


def checked_specifier(field: str, specifier: str) -> str:
    """Return a mapping rule's specifier as it is kept. Raises ValidationError for one that stands for nothing."""
    if field == "x509SAN":
        if specifier in ("DNS", "URI"):
            return specifier
        if specifier in ("Name", _NAME):
            return _NAME + _ALL
        if specifier.startswith(_NAME) and _is_attribute(specifier.removeprefix(_NAME)):
            return specifier
    elif _is_attribute(specifier):
        return specifier
    raise ValidationError(f"The specifier {specifier} is not supported for {field}.")


def _is_attribute(specifier: str) -> bool:
    return specifier == _ALL or specifier in _WORDS or _NUMBER.fullmatch(specifier) is not None


def tags_of(certificate: x509.Certificate, mappings: Iterable[tuple[str, tuple[str, ...]]]) -> Pairs:
    """Return the session tags that mapping rules make of a certificate, by key.

    An attribute that comes several times is one tag, its values divided by slashes. What session tags may not be is
    left out.
    """
    found: dict[str, str] = {}
    for field, specifiers in mappings:
        if field == "x509SAN":
            found |= _alternative(certificate, specifiers)
        else:
            name = certificate.subject if field == "x509Subject" else certificate.issuer
            found |= {f"{field}/{key}": value for key, value in _attributes(name, specifiers)}
    return tuple(sorted((key, value) for key, value in found.items() if _VALUE.fullmatch(value)))


def _attributes(name: x509.Name, specifiers: Iterable[str]) -> Iterator[tuple[str, str]]:
    values: dict[str, list[str]] = {}
    wanted = frozenset(specifiers)
    for attribute in name:
        number = attribute.oid.dotted_string
        word = ATTRIBUTES.get(attribute.oid)
        key = (
            word
            if word is not None and (_ALL in wanted or word in wanted)
            else number
            if number in wanted
            else None
        )
        if key is not None and isinstance(attribute.value, str):
            values.setdefault(key, []).append(attribute.value)
    for key, several in values.items():
        yield key, "/".join(several)


def _alternative(certificate: x509.Certificate, specifiers: tuple[str, ...]) -> dict[str, str]:
    names = extension_of(certificate, x509.SubjectAlternativeName)
    found: dict[str, str] = {}
    if names is None:
        return found
    dns, uri = (
        names.get_values_for_type(x509.DNSName),
        names.get_values_for_type(x509.UniformResourceIdentifier),
    )
    if "DNS" in specifiers and dns:
        found["x509SAN/DNS"] = dns[0]
    if "URI" in specifiers and uri:
        found["x509SAN/URI"] = uri[0]
    directory = names.get_values_for_type(x509.DirectoryName)
    inner = [one.removeprefix(_NAME) for one in specifiers if one.startswith(_NAME)]
    if directory:
        found |= {f"x509SAN/Name/{key}": value for key, value in _attributes(directory[0], inner)}
    return found


def serial_name(certificate: x509.Certificate) -> str:
    """Return a certificate's serial number in hexadecimal, of even length: the name of its sessions."""
    text = f"{certificate.serial_number:x}"
    return text if len(text) % 2 == 0 else f"0{text}"


def source_identity_of(certificate: x509.Certificate) -> str | None:
    """Return the source identity: the subject's common name behind `CN=`, where there is room for that, or else the
    serial number behind `ID=`. None for a name that cannot be one."""
    common = "/".join(
        attribute.value
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if isinstance(attribute.value, str)
    )
    if not common:
        return f"ID={serial_name(certificate)}"
    identity = f"CN={common}" if len(common) <= _PREFIXED else common
    return identity if _IDENTITY.fullmatch(identity) else None
