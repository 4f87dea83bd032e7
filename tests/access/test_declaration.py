"""Declarations: nothing runs without being asked about, and a refusal outright comes first."""

from __future__ import annotations

import pytest

from vestry.access.authorize import authorize
from vestry.access.caller import Caller, principal_of_root
from vestry.access.context import Facts
from vestry.access.declaration import Declaration
from vestry.access.documents import Documents
from vestry.directory.entities import Settings
from vestry.directory.snapshot import Account
from vestry.errors import AccessDenied
from vestry.policy.request import Kind
from vestry.services.operation import operation

ACCOUNT = Account(Settings("111122223333", "alias", "i", 1))
FACTS = Facts(
    Caller(principal_of_root(ACCOUNT), ACCOUNT, "AKIA"), 0.0, "192.0.2.1", None, None, False, "us-east-1"
)


def test_a_declaration_that_asks_nothing_and_is_not_exempt_is_denied() -> None:
    with pytest.raises(AccessDenied):
        authorize(Declaration("iam:Nothing"), [], FACTS, Documents())


def test_an_exempt_declaration_is_allowed_and_says_so() -> None:
    allowed = authorize(Declaration("sts:X", exempt="because"), [], FACTS, Documents())
    assert allowed.declaration.exempt == "because"


def test_a_kind_of_principal_is_refused_in_the_words_of_the_declaration() -> None:
    declaration = Declaration("sts:X", exempt="because", refused={Kind.ROOT: "Not root."})
    with pytest.raises(AccessDenied, match=r"^Not root\.$"):
        authorize(declaration, [], FACTS, Documents())


@pytest.mark.parametrize("options", [{}, {"on": lambda ask: None, "exempt": "x"}])
def test_an_operation_declares_exactly_one_of_resource_and_exemption(options: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="declare what it is performed on"):
        operation("iam:Wrong", **options)  # type: ignore[arg-type]


def test_a_name_is_registered_once() -> None:
    with pytest.raises(TypeError, match="registered twice"):
        operation("sts:GetCallerIdentity", exempt="x")
