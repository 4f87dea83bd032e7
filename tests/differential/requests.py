"""Requests at random, as lines that `vestry simulate` reads: made so that the answer often hangs on what is tested.

A request is wanted allowed, or explicitly denied, or nothing. Each layer that is there grants, most often, through one
statement whose conditions are true; a wanted deny stands in one layer; elsewhere stand denies that one false condition
keeps from matching. What is wanted is only a bias: the answer is for the two evaluators to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from differential.conditions import Forms, Values, a_context, written
from differential.patterns import (
    naming_action,
    naming_caller,
    naming_resource,
    other_action,
    other_principal,
    other_resource,
    spared,
)
from differential.vocabulary import CALLERS, DEEDS, FEDERATION, HERE, PROVIDER, SERVICE, THERE
from strategies import Chance, seeded
from vestry.arn import is_account_id, parse_arn

Line = dict[str, Any]
Json = dict[str, Any]

#: What is attached everywhere in an organization and cannot be taken off.
FULL_ACCESS: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
_OWN = ("identity", "boundary", "session", "scp")


def requests(seed: int, count: int) -> Iterator[Line]:
    """Yield `count` requests, the same for the same seed."""
    chance = seeded(seed)
    forms = Forms(chance)
    for number in range(count):
        yield _Maker(chance, forms).line(number)


class _Maker:
    """Makes one request."""

    def __init__(self, chance: Chance, forms: Forms) -> None:
        self.chance, self.forms = chance, forms
        self.caller: str | None = chance.pick(CALLERS)
        self.deed = chance.pick(DEEDS)
        if chance.one_in(30):
            self.caller, self.deed = PROVIDER, FEDERATION
        self.context: Values = a_context(chance)
        self.trust = self.deed.action.startswith("sts:")
        self.layers: dict[str, list[list[Json]]] = {}  # name -> documents -> statements

    def line(self, number: int) -> Line:
        chance = self.chance
        wish = chance.pick(("allow", "allow", "deny", "deny", "any"))
        for layer in self._present():
            self._fill(layer, wish)
        if wish == "deny":
            layer = chance.pick(tuple(self.layers))
            chance.pick(self.layers[layer]).append(self._statement(layer, "Deny", hits=True, most=3))
        line: Line = {
            "id": number,
            "principal": self.caller,
            "action": self.deed.action,
            "resource": self.deed.resource,
            "context": self.context,
            "resourceAccount": self._owner(),
        }
        return line | self._policies()

    def _owner(self) -> str:
        fields = parse_arn(self.deed.resource)
        if fields is not None and is_account_id(fields.account):
            return fields.account
        own = self.caller.split(":")[4] if self.caller and self.caller.startswith("arn:") else HERE
        if self.deed.resource == "*":
            return own
        return self.chance.pick((own, own, own, HERE, THERE))

    def _present(self) -> list[str]:
        chance, caller = self.chance, self.caller
        if caller in (None, SERVICE, PROVIDER):
            found = ["resource"]
            return found + [name for name in ("rcp", "scp") if caller and chance.one_in(4)]
        assert caller is not None
        root = caller.endswith(":root")
        found = [] if root else ["identity"]
        if (
            self.trust
            or root
            or chance.one_in(2)
            or self.deed.resource.split(":")[4:5] != [caller.split(":")[4]]
        ):
            found.append("resource")
        found += ["boundary"] if not root and chance.one_in(3) else []
        if ":federated-user/" in caller:
            found += [] if chance.one_in(8) else ["session"]
        elif ":assumed-role/" in caller or ":role/" in caller:
            found += ["session"] if chance.one_in(3) else []
        return found + [name for name in ("scp", "rcp") if chance.one_in(4)]

    def _fill(self, layer: str, wish: str) -> None:
        """Give a layer its documents: one for boundary, session and resource; one a level for control policies."""
        chance = self.chance
        documents: list[list[Json]] = []
        for number in range(1 if layer in ("boundary", "session", "resource") or chance.one_in(2) else 2):
            statements: list[Json] = []
            if layer != "rcp" and (number == 0 or layer == "scp" or chance.one_in(4)):
                hits = not chance.one_in(9 if wish != "any" else 3)
                statements.append(self._statement(layer, "Allow", hits=hits, most=2))
            if layer == "rcp" or chance.one_in(4):
                statements.append(self._statement(layer, "Deny", hits=False, most=3))
            documents.append(statements or [self._statement(layer, "Allow", hits=False, most=1)])
        self.layers[layer] = documents

    def _statement(self, layer: str, effect: str, *, hits: bool, most: int) -> Json:
        """A statement that matches, or that one of its elements keeps from matching: mostly a condition."""
        chance, deed = self.chance, self.deed
        misses = "" if hits else chance.pick(("condition",) * 6 + ("action", "resource", "principal"))
        if misses == "principal" and layer != "resource":
            misses = "condition"
        if misses == "resource" and (layer == "resource" and self.trust):
            misses = "condition"
        statement: Json = {"Effect": effect}
        if layer == "resource":
            statement |= self._principal(effect, misses)
        elif layer == "rcp":
            statement["Principal"] = "*"
        if misses == "action":
            action = other_action(chance, deed.action)
        else:
            action = naming_action(chance, deed.action, anything=layer != "rcp")
        if chance.one_in(10) and layer != "rcp":
            opposite = naming_action if misses == "action" else other_action
            statement["NotAction"] = [opposite(chance, deed.action)]
        else:
            statement["Action"] = chance.pick((action, [action, other_action(chance, deed.action)]))
        if not (layer == "resource" and self.trust):
            statement |= self._resource(layer, misses == "resource")
        self.version = "2012-10-17"
        conditions = [
            self.forms.condition(self.context, self.version, wanted=True)
            for _ in range(chance.pick(range(most + 1)))
        ]
        if misses == "condition":
            conditions.append(self.forms.condition(self.context, self.version, wanted=False))
        if conditions:
            statement["Condition"] = written(conditions)
        return statement

    def _principal(self, effect: str, misses: str) -> Json:
        if effect == "Deny" and self.chance.one_in(5):
            return {"NotPrincipal": spared(self.chance, self.caller)}
        named = other_principal if misses == "principal" else naming_caller
        return {"Principal": named(self.chance, self.caller)}

    def _resource(self, layer: str, misses: bool) -> Json:
        chance, asked = self.chance, self.deed.resource
        short = layer in ("identity", "boundary", "session")
        if chance.one_in(10) and layer != "rcp":
            if misses:
                return {"NotResource": [naming_resource(chance, asked, short=short)]}
            return {"NotResource": [other_resource(chance, asked) for _ in range(chance.pick((1, 2)))]}
        if misses:
            return {"Resource": [other_resource(chance, asked)]}
        found = naming_resource(chance, asked, short=short)
        return {"Resource": chance.pick((found, [found, other_resource(chance, asked)]))}

    def _policies(self) -> Line:
        def one(layer: str, statements: list[Json]) -> Json:
            old = layer in ("identity", "resource") and self.chance.one_in(12)
            return {"Version": "2008-10-17" if old else "2012-10-17", "Statement": statements}

        made = {
            layer: [one(layer, document) for document in documents]
            for layer, documents in self.layers.items()
        }
        policies: Line = {}
        if "identity" in made:
            policies["identityPolicies"] = made["identity"]
        if "boundary" in made:
            policies["permissionsBoundary"] = made["boundary"][0]
        if "session" in made:
            policies["sessionPolicies"] = made["session"]
        if "resource" in made:
            policies["resourcePolicy"] = made["resource"][0]
        if "scp" in made:
            policies["serviceControlPolicies"] = [[document] for document in made["scp"]]
        if "rcp" in made:
            policies["resourceControlPolicies"] = [[FULL_ACCESS, document] for document in made["rcp"]]
        return policies
