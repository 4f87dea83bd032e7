"""How each service words what is wrong with a parameter. One row a service; the rules are the models'.

STS (and the JSON services) print the value in quotes, `null` where there is none, and the pattern before the length;
for what the model calls sensitive they print no value. IAM prints no value at all, lists what is wrong in the order of
the members' names, the length before the pattern, and has sentences of its own for names, paths and documents: such a
sentence comes alone, whatever else is wrong with that value. EC2 has its own codes and stops at the first fault.

Sources: STS: responses recorded on AWS in 2026, where the order of two faults of one value was seen to vary. IAM:
responses recorded in February 2026 and later (LocalStack's snapshots; notes of two independent IAM implementations
compared with AWS). EC2: error texts in public reports.
"""

from __future__ import annotations

from msgspec import Struct

from vestry.wire.shapes import lower_camel

_NAME = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
_PATH = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
_PREFIX = "It must begin with the / character and contain only alphanumeric characters and/or / characters."
_DOCUMENT = "It must contain only printable ASCII characters."
_WORD = "It must contain only alphanumeric characters."

#: IAM: shape whose pattern has a sentence of its own -> that sentence, after "The specified value for x is invalid. "
IAM_SENTENCES: dict[str, str] = {
    "accessKeyIdType": _WORD,
    "existingUserNameType": _NAME,
    "groupNameType": _NAME,
    "instanceProfileNameType": _NAME,
    "pathPrefixType": _PREFIX,
    "pathType": _PATH,
    "policyDocumentType": _DOCUMENT,
    "policyNameType": _NAME,
    "policyPathType": _PATH,
    "roleNameType": _NAME,
    "serverCertificateNameType": _NAME,
    "userNameType": _NAME,
    "virtualMFADeviceName": _NAME,
}

#: members that carry another sentence than their shape's
IAM_MEMBERS: dict[str, str] = {"PathPrefix": _PREFIX}

#: list shapes whose elements' sentence ends in "Member must not be null"
NEVER_NULL_ELEMENTS = frozenset({"tagKeyListType"})


class Dialect(Struct, frozen=True):
    """The wording of one service's validation texts."""

    prints_values: bool = True
    pattern_first: bool = True
    by_name: bool = False
    enum_set: bool = True
    prints_escapes: bool = True  # `\\uXXXX` in a pattern is printed as it stands in the model
    sentences: dict[str, str] = {}
    members: dict[str, str] = {}

    def sentence(self, member: str, shape: str) -> str | None:
        """Return the whole text for a value whose pattern fails, where this service has one of its own."""
        reason = self.members.get(member) if shape in self.sentences else None
        reason = reason or self.sentences.get(shape)
        return reason and f"The specified value for {lower_camel(member)} is invalid. {reason}"


_COMMON = Dialect()

_DIALECTS = {
    "iam": Dialect(
        prints_values=False,
        pattern_first=False,
        by_name=True,
        enum_set=False,
        prints_escapes=False,
        sentences=IAM_SENTENCES,
        members=IAM_MEMBERS,
    ),
}


def dialect_of(service: str) -> Dialect:
    """Return the wording of the named service (`iam`, `sts`, …)."""
    return _DIALECTS.get(service, _COMMON)
