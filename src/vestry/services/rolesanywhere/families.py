"""What trust anchors, profiles and revocation lists have in common: how they are called, found, listed, switched, deleted.

Source: IAM Roles Anywhere API reference; Service Authorization Reference, "AWS Identity and Access Management Roles
Anywhere".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vestry.access.declaration import Ask, On, Resource
from vestry.arn import parse_arn
from vestry.directory.anywhere import AnywhereProfile, RevocationList, TrustAnchor, alias_arn, anywhere_arn
from vestry.directory.anywhere_index import Anywhere
from vestry.directory.snapshot import Account
from vestry.errors import ValidationError
from vestry.errors.rolesanywhere import ResourceNotFound
from vestry.services.operation import Answer, Call, Function, operation
from vestry.services.rolesanywhere.pages import paged

Member = TrustAnchor | AnywhereProfile | RevocationList

_RESERVED = "aws/"


class Family(msgspec.Struct, frozen=True):
    """One kind of resource. `kind` is as ARNs have it, `said` as errors do; `shelf` picks them out of an account.

    `parameter` names one in requests, `member` in answers, `members` a list of them; `shape` is what an answer says.
    """

    kind: str
    said: str
    parameter: str
    member: str
    members: str
    shelf: Callable[[Anywhere], Mapping[str, Any]]
    shape: Callable[[Any], dict[str, Any]]

    def find(self, account: Account, region: str, named: str) -> Any:
        """Return what an id, an ARN or an alias ARN of this region names, None where there is nothing."""
        shelf = self.shelf(account.anywhere)
        if not named.startswith("arn:"):
            found = shelf.get(named)
            return found if found is not None and found.region == region else None
        arn = parse_arn(named)
        if arn is None or (arn.service, arn.region, arn.account) != ("rolesanywhere", region, account.id):
            return None
        if arn.resource.startswith(f"alias/{self.kind}/"):
            return self.by_alias(account, region, arn.resource[len(f"alias/{self.kind}/") :])
        found = shelf.get(arn.resource.removeprefix(f"{self.kind}/"))
        return found if found is not None and found.arn == named else None

    def by_alias(self, account: Account, region: str, alias: str) -> Any:
        """Return what has that alias. It looks at all of the account."""
        shelf = self.shelf(account.anywhere).values()
        return (
            next((one for one in shelf if one.region == region and one.alias == alias), None)
            if alias
            else None
        )

    def the(self, call: Call) -> Any:
        """Return what the request names. Raises ResourceNotFoundException."""
        named = call.parameters[self.parameter]
        found = self.find(call.account, call.region, named)
        if found is None:
            raise ResourceNotFound(f"{self.said} {named} not found.")
        return found

    def named(self, ask: Ask) -> Resource:
        """What the request names, by its own ARN: an alias is no name for a policy."""
        named = ask.parameters[self.parameter]
        found = self.find(ask.account, ask.region, named)
        if found is not None:
            return Resource(found.arn, found.arn, ask.account.id, found.tags)
        arn = (
            named if named.startswith("arn:") else anywhere_arn(ask.region, ask.account.id, self.kind, named)
        )
        return Resource(arn, arn, ask.account.id)

    def answer(self, found: Any, previous_alias: str = "") -> Answer:
        """Return the answer of an operation on one of them, the alias that it had before where that has changed."""
        shape = self.shape(found)
        if found.alias:
            shape |= {
                "aliasName": found.alias,
                "aliasArn": alias_arn(found.region, found.account, self.kind, found.alias),
            }
        return {self.member: shape | ({"previousAliasName": previous_alias} if previous_alias else {})}

    def check_alias(self, call: Call, present: Any = None) -> str:
        """Return the alias that `present` is to have, where one is there or given. Raises ValidationError."""
        held = "" if present is None else present.alias
        alias: str = call.get("aliasName", held)
        if alias != held and alias.lower().startswith(_RESERVED):
            raise ValidationError(f"The alias name {alias} is reserved.")
        if alias != held and self.by_alias(call.account, call.region, alias) is not None:
            raise ValidationError(f"The alias name {alias} is in use already.")
        return alias

    def check_quota(self, call: Call, quota: int) -> None:
        """Raise ValidationError when the account has as many of them in this region as it may have."""
        shelf = self.shelf(call.account.anywhere).values()
        if sum(one.region == call.region for one in shelf) >= quota:
            raise ValidationError(
                f"The quota of {quota} for {self.kind} resources in a Region has been reached."
            )


def anything(ask: Ask) -> Resource:
    """Every resource: what is made or listed has no ARN to be asked about."""
    return Resource("*", "*", ask.account.id)


def new_id(call: Call) -> str:
    """Return a fresh id."""
    return str(uuid.UUID(bytes=call.entropy(16), version=4))


def switched(family: Family, *, enabled: bool) -> Function:
    """Make the operation that enables or disables."""

    def switch(call: Call) -> Answer:
        """Switch it on or off; one that is so already stays so. Errors: ResourceNotFoundException."""
        found = family.the(call)
        changed = msgspec.structs.replace(found, enabled=enabled, updated=call.now)
        call.put(changed, replacing=found)
        return family.answer(changed)

    return switch


def offer(family: Family, name: str) -> None:
    """Register the five operations that each family has: Get, List, Delete, Enable and Disable of that name."""
    on: On = family.named

    def get(call: Call) -> Answer:
        """Return one. Errors: ResourceNotFoundException."""
        return family.answer(family.the(call))

    def list_all(call: Call) -> Answer:
        """Return a page of them. Errors: ValidationException."""
        here = [one for one in family.shelf(call.account.anywhere).values() if one.region == call.region]
        return paged(call, family.members, here, lambda one: family.answer(one)[family.member])

    def delete(call: Call) -> Answer:
        """Delete one, and say what it was. Errors: ResourceNotFoundException."""
        found = family.the(call)
        call.remove(found)
        return family.answer(found)

    operation(f"rolesanywhere:Get{name}", on=on)(get)
    operation(f"rolesanywhere:List{name}s", on=anything)(list_all)
    operation(f"rolesanywhere:Delete{name}", on=on, writes=True)(delete)
    operation(f"rolesanywhere:Enable{name}", on=on, writes=True)(switched(family, enabled=True))
    operation(f"rolesanywhere:Disable{name}", on=on, writes=True)(switched(family, enabled=False))
