"""The instance's own identity: credentials that say which instance it is and permit nothing.

Every instance has them, with or without a profile. Whoever uses them is known as the instance and may ask for no more
than that (`GetCallerIdentity`). Source: EC2 User Guide, "Instance identity roles".
"""

from __future__ import annotations

from vestry.credentials.session import SessionClaims, SessionKind
from vestry.metadata.role_rows import source_keys
from vestry.metadata.rotation import slot
from vestry.metadata.tree import Row
from vestry.metadata.view import View
from vestry.metadata.writing import document, moment

_AT = "meta-data/identity-credentials/ec2"
#: What stands for the role in the shift of its slots, and among what was made.
_WHOSE = "ec2-instance"


def _info(view: View, _: str) -> str:
    issued = slot(view.instance, _WHOSE, view.now).issued
    return document({"Code": "Success", "LastUpdated": moment(issued), "AccountId": view.instance.account})


def _credentials(view: View, _: str) -> str:
    instance = view.instance
    issued, expires = slot(instance, _WHOSE, view.now)
    claims = SessionClaims(
        account=instance.account,
        incarnation=view.account.settings.incarnation,
        issuer=instance.id,
        name=instance.id,
        issued=issued,
        expires=expires,
        kind=SessionKind.INSTANCE,
        context=source_keys(instance, view.delivery),
    )
    return view.minted.document((instance.id, view.delivery, _WHOSE), view.ring, claims)


ROWS = (
    Row(f"{_AT}/info", _info),
    Row(f"{_AT}/security-credentials/ec2-instance", _credentials, lambda view: True),
)
