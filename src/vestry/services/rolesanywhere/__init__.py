"""IAM Roles Anywhere: roles for whoever holds a certificate of a certificate authority that the account trusts.

Enters: calls of the service `rolesanywhere`. Leaves: answers in the model's shapes. Start in `families`, which says what
trust anchors, profiles and revocation lists have in common. What a certificate proves is judged in
`access.certified` before anything here is called.
"""

from vestry.services.rolesanywhere import (
    mappings,
    notifications,
    profiles,
    revocation,
    sessions,
    subjects,
    tags,
    trust_anchors,
)

__all__ = [
    "mappings",
    "notifications",
    "profiles",
    "revocation",
    "sessions",
    "subjects",
    "tags",
    "trust_anchors",
]
