"""How large a document may be, and of which characters: what is asked beside the language.

The operations that write policies refuse by these limits themselves, in the words of their service; here they are
told for reports. Source: IAM User Guide, "IAM and AWS STS quotas" (white space is not counted).
"""

from __future__ import annotations

import re

from vestry import limits
from vestry.policy.grammar import Fault
from vestry.policy.kinds import DocumentKind

_WHITE_SPACE = {ord(character): None for character in " \t\n\r"}
_FOREIGN = re.compile("[^\t\n\r\x20-\xff]")

#: What a single document may have, and AWS's text for more where it names neither entity nor operation.
_LARGEST = {
    DocumentKind.MANAGED: (limits.MANAGED_POLICY_SIZE, "Cannot exceed quota for PolicySize: {limit}"),
    DocumentKind.TRUST: (limits.TRUST_POLICY_SIZE, "Cannot exceed quota for ACLSizePerRole: {limit}"),
    DocumentKind.INLINE: (limits.INLINE_SIZE_ROLE, ""),
    DocumentKind.SESSION: (limits.SESSION_POLICY_SIZE, ""),
    DocumentKind.SCP: (limits.SERVICE_CONTROL_SIZE, ""),
    DocumentKind.RCP: (limits.RESOURCE_CONTROL_SIZE, ""),
}


def document_size(text: str) -> int:
    """Return how many characters count towards the quotas: all but white space."""
    return len(text.translate(_WHITE_SPACE))


def oversize(text: str, kind: DocumentKind) -> list[Fault]:
    """Return what the API would refuse in the text itself: too many characters, or others than it takes."""
    found: list[Fault] = []
    if kind is DocumentKind.LIBRARY:
        return found
    foreign = _FOREIGN.search(text)
    if foreign is not None:
        message = f"the character {foreign[0]!r} is not taken in policies: U+0020 to U+00FF and line ends are"
        found.append(Fault("characters", (), message))
    limit, answer = _LARGEST.get(kind, (0, ""))
    size = document_size(text)
    if limit and size > limit:
        message = f"the document has {size} characters without white space; {limit} are allowed"
        found.append(Fault("size", (), message, answer.format(limit=limit)))
    return found
