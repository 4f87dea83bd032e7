"""A signed assertion as values: its members, in the shapes that AWS asks for.

Only what was signed comes here (`saml_signature.verified`). Source: SAML 2.0 core, 2.3 to 2.7; SAML profiles, 4.1.4.2;
IAM User Guide, "Configure SAML assertions for the authentication response".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from vestry.credentials.saml_xml import Element, XmlRefused, children, instant, only_child, saml, text_of

_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_UNDERSTOOD: Final = frozenset(map(saml, ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")))
_ID_CHARACTERS = 1024


class Window(msgspec.Struct, frozen=True, gc=False):
    """From when, and until just before when, in epoch seconds; None where it is not said."""

    begins: int | None
    ends: int | None


class Assertion(msgspec.Struct, frozen=True, gc=False):
    """What an assertion says. Times are epoch seconds.

    `name` is None where there is no NameID. `windows` are all the times in which it says to be valid. `audiences` holds
    a restriction each: all must be met. `session_end` is None where no session's end is told.
    """

    id: str
    issuer: str
    issued: int
    name: str | None
    name_format: str
    recipient: str
    windows: tuple[Window, ...]
    audiences: tuple[frozenset[str], ...]
    session_end: int | None
    attributes: Mapping[str, tuple[str, ...]]


def read_assertion(element: Element) -> Assertion:
    """Return the values of an Assertion, or raise XmlRefused.

    1. It is of version 2.0, with an ID and an IssueInstant.
    2. It has one Issuer, one Subject and one Conditions.
    3. The subject has at most one NameID, and exactly one SubjectConfirmation: of a bearer, with a Recipient and a
       NotOnOrAfter.
    4. The conditions are of kinds that are understood.
    5. Nothing in it is encrypted by itself: an assertion is encrypted whole, or not at all.
    """
    identifier, issued = element.get("ID", ""), instant(element.get("IssueInstant"))
    if element.get("Version") != "2.0" or not 0 < len(identifier) <= _ID_CHARACTERS or issued is None:  # 1
        raise XmlRefused("the assertion is not of version 2.0, or has no ID or IssueInstant")
    issuer, subject, conditions = (_one(element, name) for name in ("Issuer", "Subject", "Conditions"))  # 2
    for part in element.iter(saml("EncryptedID"), saml("EncryptedAttribute")):  # 5
        what = part.tag.rpartition("}")[2]
        raise XmlRefused(f"it has an {what}; let the provider encrypt the whole assertion instead")
    name = only_child(subject, saml("NameID"))
    confirmation = _confirmation(subject)
    for condition in conditions:
        if condition.tag not in _UNDERSTOOD:  # 4
            raise XmlRefused("the assertion has a condition of an unknown kind")
    restrictions = children(conditions, saml("AudienceRestriction"))
    return Assertion(
        id=identifier,
        issuer=text_of(issuer).strip(),
        issued=issued,
        name=None if name is None else text_of(name) or None,
        name_format="" if name is None else name.get("Format", ""),
        recipient=confirmation.get("Recipient", ""),
        windows=(_window(conditions), _window(confirmation)),
        audiences=tuple(
            frozenset(text_of(audience).strip() for audience in children(restriction, saml("Audience")))
            for restriction in restrictions
        ),
        session_end=_session_end(element),
        attributes=_attributes(element),
    )


def _confirmation(subject: Element) -> Element:
    """Return the SubjectConfirmationData of the one, bearer's confirmation."""
    confirmation = _one(subject, "SubjectConfirmation")  # 3
    data = _one(confirmation, "SubjectConfirmationData")
    if confirmation.get("Method") != _BEARER or not data.get("Recipient") or data.get("NotOnOrAfter") is None:
        raise XmlRefused("the subject is not confirmed as a bearer, with a Recipient and a NotOnOrAfter")
    return data


def _one(element: Element, name: str) -> Element:
    found = only_child(element, saml(name))
    if found is None:
        raise XmlRefused(f"the assertion has no {name}")
    return found


def _window(element: Element) -> Window:
    return Window(instant(element.get("NotBefore")), instant(element.get("NotOnOrAfter")))


def _session_end(element: Element) -> int | None:
    ends = [instant(part.get("SessionNotOnOrAfter")) for part in children(element, saml("AuthnStatement"))]
    return min((end for end in ends if end is not None), default=None)


def _attributes(element: Element) -> dict[str, tuple[str, ...]]:
    """Return the attributes' values by name; those of one name that come in several pieces are put together."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in children(element, saml("AttributeStatement")):
        for attribute in children(statement, saml("Attribute")):
            name = attribute.get("Name", "")
            values = tuple(text_of(value) for value in children(attribute, saml("AttributeValue")))
            found[name] = found.get(name, ()) + values
    return found
