"""Why was this denied, and may they: asked by the operator, of the policies in force."""

from __future__ import annotations

from typing import Any

from vestry.access.caller import Caller, principal_of_root, principal_of_session, principal_of_user
from vestry.access.context import Facts, Question, RequestContext
from vestry.access.documents import Documents
from vestry.access.replay import encode_asked, explain_asked, explain_question
from vestry.access.service import caller_of_service
from vestry.credentials.seal import SALT_BYTES
from vestry.directory.entities import Pairs, Role, Service
from vestry.directory.snapshot import Root
from vestry.errors import NoSuchEntity, ValidationError
from vestry.policy.callers import read_caller
from vestry.policy.decide import Layers
from vestry.policy.explain import explain
from vestry.policy.remedy import Overlay
from vestry.policy.report import report
from vestry.policy.request import Kind, MappingContext, Principal, Request, Value
from vestry.policy.simulate import asks_trust, owner, read_action
from vestry.services.operator.call import OperatorCall

_REGION = "us-east-1"


def by_request_id(call: OperatorCall) -> dict[str, Any]:
    """Explain the decision behind an answer, by its request id. Errors: NoSuchEntity."""
    identifier = str(call.arguments["request_id"])
    asked = None if call.asked is None else call.asked(identifier)
    if asked is None:
        where = (
            "no server runs on this store" if call.asked is None else "it is not, or no longer, remembered"
        )
        raise NoSuchEntity(
            f"Nothing is known of the request {identifier}: {where}.",
            hint="The server remembers its last requests; its log has a line for each, by the same id.",
        )
    documents, ring = Documents(), call.keyring.ring(call.draft.root)
    return {
        "requestId": identifier,
        "operation": asked.operation,
        "refused": asked.refused or None,
        "questions": explain_asked(asked, documents),
        "encodedMessage": encode_asked(asked, documents, ring, call.entropy(SALT_BYTES)) or None,
    }


def supposed(call: OperatorCall) -> dict[str, Any]:
    """Explain whether a principal may perform an action on a resource, by the policies in force.

    The context is what the principal and the present moment give, overlaid with what the arguments say. Errors:
    ValidationError, NoSuchEntity.
    """
    arguments = call.arguments
    action, resource = str(arguments["action"]), str(arguments.get("resource") or "*")
    context = _values(arguments.get("context") or {})
    try:
        trusting = asks_trust(read_action(action))
        principal = read_caller(arguments.get("principal"), action)
    except ValueError as error:
        raise ValidationError(f"{error}.") from None
    root = call.draft.root
    tags, trust = _target(root, resource, trusting=trusting)
    question = Question(action, resource, resource, owner(resource, principal), {}, tags, trust)
    if principal.kind in (Kind.FEDERATED, Kind.ANONYMOUS):
        return {"questions": [_stranger(principal, question, context)]}
    caller = _caller(root, principal)
    facts = Facts(caller, call.now, "", None, None, False, _REGION)
    overlay = Overlay(RequestContext(facts, question), context)
    return {"questions": [explain_question(facts, question, Documents(), overlay)]}


def _stranger(principal: Principal, question: Question, context: dict[str, Value]) -> dict[str, Any]:
    """Somebody without policies of their own: the resource's is all that counts."""
    trust = Documents().trust(question.trust) if question.trust else None
    layers = Layers(resource=trust, resource_is_trust=question.trust is not None)
    request = Request(
        principal, question.action, question.resource, MappingContext(context), question.account
    )
    return report(explain(request, layers), layers)


def _caller(root: Root, principal: Principal) -> Caller:
    """Return the caller that a principal of this installation would be. It is nobody's receipt: nothing was signed."""
    if principal.kind is Kind.SERVICE:
        return caller_of_service(Service(principal.arn, 0), "")
    account = root.accounts.get(principal.account)
    if account is None:
        raise NoSuchEntity(f"The account {principal.account} does not exist here.")
    if principal.kind is Kind.ROOT:
        return Caller(principal_of_root(account), account, "")
    found = root.principal(principal.issuer_arn or principal.arn)
    if found is None and principal.kind is Kind.ROLE:
        name = principal.issuer_arn.rpartition("/")[2].lower()
        found = account.roles.get(name)  # a session's ARN does not tell its role's path
    if found is None:
        raise NoSuchEntity(f"{principal.issuer_arn or principal.arn} does not exist.")
    if isinstance(found, Role):
        session = principal.arn.rpartition("/")[2]
        return Caller(principal_of_session(found, session), account, "", None, found)
    return Caller(principal_of_user(found), account, "", found)


def _target(root: Root, resource: str, *, trusting: bool) -> tuple[Pairs, str | None]:
    """Return the tags of the resource, and its trust policy where the action asks it."""
    found = root.principal(resource)
    if found is None:
        return (), "" if trusting else None
    return found.tags, found.trust if trusting and isinstance(found, Role) else None


def _values(context: Any) -> dict[str, Value]:
    if not isinstance(context, dict):
        raise ValidationError("The context is not a mapping of keys to values.")
    return {
        str(key).lower(): tuple(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in context.items()
    }
