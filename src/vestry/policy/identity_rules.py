"""What IAM demands of identity policies (managed, inline, session), and its words when they don't comply.

Read the ranks as the order in which IAM looks: the fault of the least rank is the one it answers with, whatever else
is wrong. 1 syntax, 2 version, 3 principal, 4 legacy parsing, 5 statement ids, 6 actions present, 7 resources well
formed, 8 actions well formed, 9 resources present. Sources: public records of IAM's answers to CreatePolicy; IAM
User Guide, "Grammar of the IAM JSON policy language". IAM doesn't look whether a service, action, condition key or
variable exists, nor whether condition values fit their operator, dates excepted.
"""

from __future__ import annotations

import re

from vestry.policy.grammar import VERSIONS, Draft, Fault, Reading
from vestry.policy.operators import write_operator

SYNTAX = "Syntax errors in policy."
VERSION = "Policy document must be version 2012-10-17 or greater."
PRINCIPAL = "Policy document should not specify a principal."
LEGACY = "The policy failed legacy parsing"
SIDS_UNIQUE = "Statement IDs (SID) in a single policy must be unique."
SID_LETTERS = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
NO_ACTIONS = "Policy statement must contain actions."
NO_RESOURCES = "Policy statement must contain resources."
VENDOR_REGEX = "Resource vendor must be fully qualified and cannot contain regexes."
ACTION_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
ACTION_COLONS = "Actions/Condition can contain only one colon."

#: How the resource part of an IAM ARN may begin.
IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
IAM_PATH = 'IAM resource path must either be "*" or start with ' + ", ".join(IAM_PATHS) + "."

_SID = re.compile(r"[0-9A-Za-z]*")
_VENDOR = re.compile(r"\*|[a-zA-Z0-9.-]+")
_PARTITION = re.compile(r"aws|aws-cn|aws-us-gov|aws-eusc|aws-iso(-[a-z])?|\*")

#: Faults of the grammar that IAM ranks and words otherwise than as syntax.
_GRAMMAR = {"effect-case": (4, LEGACY)}
_PRINCIPAL_RULES = "principal-"


def answer_grammar(fault: Fault) -> None:
    """Give a fault of the shared grammar its rank and IAM's text."""
    rank, fault.answer = _GRAMMAR.get(fault.rule, (1, SYNTAX))
    if fault.rule.startswith(_PRINCIPAL_RULES):
        rank, fault.answer = 3, PRINCIPAL
    fault.order = (rank,)


def check_identity(reading: Reading, faults: list[Fault], *, managed: bool) -> None:
    """Add to `faults` what IAM refuses beyond the grammar; a managed policy must be of version 2012-10-17."""
    if managed and reading.version != VERSIONS[1]:
        faults.append(
            Fault("version-old", ("Version",), "this kind of policy needs Version 2012-10-17", VERSION, (2,))
        )
    sids: set[str] = set()
    for draft in reading.drafts:
        statement = draft.statement
        if statement.principals is not None or statement.not_principals is not None:
            _check_principal(draft, faults)
        if statement.sid:
            _check_sid(draft, sids, faults)
        if not (statement.actions or statement.not_actions):
            _missing(draft, "Action", (6,), NO_ACTIONS, faults)
        if not (statement.resources or statement.not_resources):
            _missing(draft, "Resource", (9,), NO_RESOURCES, faults)
        _check_dates(draft, faults)
    _check_resources(reading, faults)
    check_actions(reading, faults)


def _check_principal(draft: Draft, faults: list[Fault]) -> None:
    name = "Principal" if "Principal" in draft.raw else "NotPrincipal"
    message = (
        f"{name} belongs to resource-based policies; here the principal is who the policy is attached to"
    )
    faults.append(Fault("principal-prohibited", draft.path(name), message, PRINCIPAL, (3,)))


def _check_sid(draft: Draft, sids: set[str], faults: list[Fault]) -> None:
    sid = draft.statement.sid
    if sid in sids:
        faults.append(
            Fault("sid-repeated", draft.path("Sid"), f"Sid {sid!r} stands twice", SIDS_UNIQUE, (5, 0))
        )
    elif _SID.fullmatch(sid) is None:
        message = "a Sid holds letters and digits only"
        faults.append(Fault("sid-letters", draft.path("Sid"), message, SID_LETTERS, (5, 1)))
    sids.add(sid)


def _missing(draft: Draft, name: str, order: tuple[int, ...], answer: str, faults: list[Fault]) -> None:
    """Report that a statement has neither `name` nor its negation, or an empty list."""
    if name in draft.bad or f"Not{name}" in draft.bad:
        return
    given = next((each for each in (name, f"Not{name}") if each in draft.raw), "")
    message = f"{given} is an empty list" if given else f"the statement has neither {name} nor Not{name}"
    path = draft.path(given) if given else draft.path()
    faults.append(Fault(f"{name.lower()}-missing", path, message, answer, order))


# ── Dates ────────────────────────────────────────────────────────────────────────────────────────────────────────
_DATE = re.compile(
    r"(?P<year>-?[0-9]{1,9})(?:-(?P<month>[0-9]{1,4})(?:-(?P<day>[0-9]{1,4}))?)?"
    r"(?:t(?:(?P<hour>[0-9]{1,4})(?::(?P<minute>[0-9]{1,4})(?::(?P<second>[0-9]{1,4})(?:\.[0-9]{1,9})?)?)?"
    r"(?:z|[+-](?P<zone>[0-9]{2})(?::(?P<minutes>[0-9]{2}))?)?)?)?"
)
_BOUNDS = (("month", 1, 12), ("day", 1, 31), ("hour", 0, 23), ("minute", 0, 59), ("second", 0, 59))
_ZONE_BOUNDS = (("zone", 0, 23), ("minutes", 0, 59))
_YEARS = (-292_275_054, 292_278_993)
_EPOCH = 9_223_372_036_854_775_807


def _check_dates(draft: Draft, faults: list[Fault]) -> None:
    """Report the dates that IAM can't read, of all date conditions of a statement."""
    for condition in draft.statement.conditions:
        if not condition.operator.startswith("Date"):
            continue
        for index, value in enumerate(condition.values):
            if not is_date(value):
                written = write_operator(
                    condition.operator, condition.quantifier, if_exists=condition.if_exists
                )
                path = draft.path("Condition", written, condition.key, index)
                faults.append(Fault("date", path, f"{value!r} is no date", LEGACY, (4,)))


def is_date(text: str) -> bool:
    """Tell whether IAM takes `text` as a date when it is written: ISO 8601 read leniently, or epoch seconds."""
    lower = text.lower()
    if "t" not in lower and "-" not in lower:
        return lower.isascii() and lower.isdigit() and len(lower) <= 32 and int(lower) <= _EPOCH
    found = _DATE.fullmatch(lower)
    if found is None or not _YEARS[0] <= int(found["year"]) <= _YEARS[1]:
        return False
    return all(
        found[name] is None or least <= int(found[name]) <= most
        for name, least, most in _BOUNDS + _ZONE_BOUNDS
    )


# ── Resources ────────────────────────────────────────────────────────────────────────────────────────────────────
def _check_resources(reading: Reading, faults: list[Fault]) -> None:
    """Report malformed resources: all Resource elements, then all NotResource, each list in reverse order.

    An ARN that IAM's older parser can't read is answered before those that the newer refuses (rank 4 before 7), but
    the older one only looks while the newer has found nothing.
    """
    sound = True
    for turn, name in enumerate(("Resource", "NotResource")):
        for draft in reading.drafts:
            statement = draft.statement
            resources = statement.not_resources if turn else statement.resources
            if not resources or resources == _ANY:
                continue
            if len(resources) == 1:
                sound = _check_resource(draft, name, 0, resources[0], turn, faults) and sound
            else:
                for index in sorted(range(len(resources)), key=resources.__getitem__, reverse=True):
                    sound = _check_resource(draft, name, index, resources[index], turn, faults) and sound
            if sound:
                _check_legacy(draft, name, resources, faults)


_ANY = ("*",)


def _check_resource(draft: Draft, name: str, index: int, text: str, turn: int, faults: list[Fault]) -> bool:
    """Report `text` if it is no resource; tell whether it is one."""
    answer = resource_fault(text)
    if not answer:
        return True
    order = (7, turn, draft.index, len(faults))
    message = f"{text!r} is no ARN pattern that IAM takes: {answer}"
    faults.append(Fault("resource", draft.path(name, index), message, answer, order))
    return False


def resource_fault(text: str) -> str:
    """Return IAM's text for a malformed resource, or "" where it is well formed."""
    if text == "*":
        return ""
    fields = text.split(":", 5)
    if len(fields) == 1:
        return f'Resource {text} must be in ARN format or "*".'
    partition = fields[1]
    if _PARTITION.fullmatch(partition) is None:
        return f'Partition "{partition}" is not valid for resource "{_reprinted(fields)}".'
    if len(fields) == 2 or "*" in fields[2] or "?" in fields[2]:
        return VENDOR_REGEX
    service = fields[2]
    if service not in ("iam", "s3"):
        return ""
    resource = fields[5] if len(fields) == 6 else ""
    region_absent = len(fields) > 3 and not fields[3]
    if service == "s3":
        if region_absent or resource.startswith("accesspoint/"):
            return ""
        return f"Resource {text} can not contain region information."
    if not region_absent:
        return f"IAM resource {text} cannot contain region information."
    return "" if resource == "*" or resource.startswith(IAM_PATHS) else IAM_PATH


def _reprinted(fields: list[str]) -> str:
    """Return an ARN as IAM prints it: `arn` in front whatever stood there, an asterisk for each missing field."""
    rest = fields[2:] or ["*"]
    return ":".join(["arn", fields[1], *rest, *["*"] * (4 - len(rest))])


def _check_legacy(draft: Draft, name: str, resources: tuple[str, ...], faults: list[Fault]) -> None:
    """Report what IAM's older parser refuses: an empty service, or `::` in an ARN of fewer than six fields."""
    for index, text in enumerate(resources):
        if "::" in text and (text.count(":") < 5 or not text.split(":", 3)[2]):
            message = f"{text!r} is no complete ARN"
            faults.append(Fault("resource-legacy", draft.path(name, index), message, LEGACY, (4,)))


# ── Actions ──────────────────────────────────────────────────────────────────────────────────────────────────────
def check_actions(reading: Reading, faults: list[Fault]) -> None:
    """Report malformed actions: all Action elements, then all NotAction."""
    for turn, name in enumerate(("Action", "NotAction")):
        for draft in reading.drafts:
            actions = draft.statement.not_actions if turn else draft.statement.actions
            for index, text in enumerate(actions or ()):
                answer = action_fault(text)
                if answer:
                    order = (8, turn, draft.index, index)
                    message = f"{text!r} is no action: service:Name, with * and ? in the name"
                    faults.append(Fault("action", draft.path(name, index), message, answer, order))


def action_fault(text: str) -> str:
    """Return IAM's text for a malformed action, or "" where it is well formed."""
    vendor, colon, name = text.partition(":")
    if not colon:
        return "" if text == "*" else ACTION_VENDOR
    if ":" in name:
        return ACTION_COLONS
    if vendor.isalpha() and vendor.isascii():
        return ""
    return "" if _VENDOR.fullmatch(vendor) else f"Vendor {vendor} is not valid"
