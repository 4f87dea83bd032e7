"""Principal and NotPrincipal: whom a value names, and how closely."""

from __future__ import annotations

import pytest

from strategies import ANN, BOB, DEV, GUEST, HERE, SAML, SESSION, THERE
from vestry.arn import root_arn
from vestry.policy.document import Principals
from vestry.policy.principals import Match, principal_test
from vestry.policy.request import Kind, Principal

ROOT_CALLER = Principal(Kind.ROOT, HERE, root_arn(HERE))
USER = Principal(Kind.USER, HERE, ANN, "", "AIDAANN")
ROLE_SESSION = Principal(Kind.ROLE, HERE, SESSION, DEV, "AROADEV")
FEDERATED_USER = Principal(Kind.FEDERATED_USER, HERE, GUEST, ANN, "AIDAANN")
ROOTS_GUEST = Principal(Kind.FEDERATED_USER, HERE, GUEST, root_arn(HERE))
SERVICE = Principal(Kind.SERVICE, "", "ec2.amazonaws.com")
FEDERATED = Principal(Kind.FEDERATED, "", SAML)
ANONYMOUS = Principal(Kind.ANONYMOUS)

NONE, ACCOUNT, ENTITY, DIRECT = Match

AS_TEXT = [
    (USER, ANN, DIRECT, "a user by its ARN"),
    (USER, ANN.replace("ann", "Ann"), NONE, "names are compared with case"),
    (USER, BOB, NONE, "another user"),
    (USER, HERE, ACCOUNT, "any principal by its account"),
    (USER, root_arn(HERE), ACCOUNT, "the root ARN is the account"),
    (USER, THERE, NONE, "another account"),
    (USER, "*", DIRECT, "everybody"),
    (USER, "arn:aws:iam::111122223333:user/*", NONE, "a wildcard stands for no part of an ARN"),
    (USER, "111122223333*", NONE, "nor of an account"),
    (USER, "AIDAANN", DIRECT, "a user by its unique id"),
    (ROLE_SESSION, SESSION, DIRECT, "a session by its own ARN"),
    (ROLE_SESSION, DEV, ENTITY, "a session by its role's ARN"),
    (ROLE_SESSION, "AROADEV", ENTITY, "a session by its role's unique id"),
    (ROLE_SESSION, HERE, ACCOUNT, "a session by its account"),
    (ROLE_SESSION, "arn:aws:sts::111122223333:assumed-role/dev/*", NONE, "no wildcard for the session"),
    (FEDERATED_USER, GUEST, DIRECT, "a federated user by its own ARN"),
    (FEDERATED_USER, ANN, ENTITY, "a federated user by its user's ARN"),
    (FEDERATED_USER, "AIDAANN", ENTITY, "a federated user by its user's unique id"),
    (ROOTS_GUEST, root_arn(HERE), ACCOUNT, "whom root has federated, by the account"),
    (ROOT_CALLER, root_arn(HERE), ACCOUNT, "root is named as its account"),
    (SERVICE, "*", DIRECT, "services are among everybody"),
    (SERVICE, HERE, NONE, "a service is in no account"),
    (ANONYMOUS, "*", DIRECT, "so is who has not signed"),
    (ANONYMOUS, HERE, NONE, "who has no account"),
]


@pytest.mark.parametrize(
    ("caller", "value", "expected", "sentence"), AS_TEXT, ids=[row[3] for row in AS_TEXT]
)
def test_aws_principal(caller: Principal, value: str, expected: Match, sentence: str) -> None:
    assert principal_test(Principals(aws=(value,)), bound=False).match(caller) is expected, sentence


BOUND = [
    (USER, ANN, NONE, "a user's ARN that was left in a stored trust policy is a stranger's"),
    (USER, "AIDAANN", DIRECT, "the user is its unique id"),
    (USER, "AIDAOLD", NONE, "a re-created namesake is somebody else"),
    (ROLE_SESSION, DEV, NONE, "a role's ARN that was left is a stranger's"),
    (ROLE_SESSION, "AROADEV", ENTITY, "the role is its unique id"),
    (ROLE_SESSION, SESSION, DIRECT, "sessions are named by ARN"),
    (FEDERATED_USER, GUEST, DIRECT, "federated users too"),
    (FEDERATED_USER, "AIDAANN", ENTITY, "and by their user's id"),
    (USER, root_arn(HERE), ACCOUNT, "the account remains the account"),
    (USER, HERE, ACCOUNT, "in both of its forms"),
]


@pytest.mark.parametrize(("caller", "value", "expected", "sentence"), BOUND, ids=[row[3] for row in BOUND])
def test_bound_trust_principal(caller: Principal, value: str, expected: Match, sentence: str) -> None:
    assert principal_test(Principals(aws=(value,)), bound=True).match(caller) is expected, sentence


def test_services_and_providers_are_named_by_their_own_keys() -> None:
    test = principal_test(Principals(service=("ec2.amazonaws.com",), federated=(SAML,)), bound=False)
    assert test.match(SERVICE) is DIRECT
    assert test.match(FEDERATED) is DIRECT
    assert test.match(USER) is NONE
    others = principal_test(
        Principals(aws=("ec2.amazonaws.com", SAML), service=("s3.amazonaws.com",)), bound=False
    )
    assert others.match(SERVICE) is NONE
    assert others.match(FEDERATED) is NONE


def test_the_closest_of_several_values_counts() -> None:
    assert principal_test(Principals(aws=(HERE, DEV)), bound=False).match(ROLE_SESSION) is ENTITY
    assert principal_test(Principals(aws=(DEV, SESSION, HERE)), bound=False).match(ROLE_SESSION) is DIRECT


def test_an_empty_unique_id_names_nobody() -> None:
    nameless = Principal(Kind.USER, HERE, ANN, "", "")
    assert principal_test(Principals(aws=("",)), bound=False).match(nameless) is NONE


SPARED = [
    (USER, (HERE, ANN), True, "a user with its account"),
    (USER, (ANN,), False, "a user without its account is not spared"),
    (USER, (HERE,), False, "nor is one of the account without name"),
    (USER, (HERE, "AIDAANN"), True, "a user by its id"),
    (ROLE_SESSION, (HERE, DEV, SESSION), True, "account, role and session"),
    (ROLE_SESSION, (HERE, DEV), False, "the session is missing"),
    (ROLE_SESSION, (HERE, SESSION), False, "the role is missing"),
    (ROLE_SESSION, (DEV, SESSION), False, "the account is missing"),
    (FEDERATED_USER, (HERE, ANN, GUEST), True, "account, user and federated user"),
    (FEDERATED_USER, (HERE, GUEST), False, "the user is missing"),
    (ROOTS_GUEST, (HERE, GUEST), True, "root's federated user has no user behind it"),
    (ROOT_CALLER, (root_arn(HERE),), True, "root is its account"),
    (ROOT_CALLER, (THERE,), False, "and no other"),
    (USER, ("*",), True, "everybody is spared"),
    (ANONYMOUS, (HERE,), False, "who has no account is in no list"),
    (ANONYMOUS, ("*",), True, "but among everybody"),
]


@pytest.mark.parametrize(("caller", "values", "expected", "sentence"), SPARED, ids=[row[3] for row in SPARED])
def test_not_principal(caller: Principal, values: tuple[str, ...], expected: bool, sentence: str) -> None:
    assert principal_test(Principals(aws=values), bound=False).spares(caller) is expected, sentence


def test_not_principal_spares_a_listed_service() -> None:
    test = principal_test(Principals(service=("ec2.amazonaws.com",)), bound=False)
    assert test.spares(SERVICE)
    assert not test.spares(FEDERATED)


def test_a_well_known_provider_is_named_by_its_arn_or_its_address() -> None:
    arn = "arn:aws:iam::111122223333:oidc-provider/accounts.google.com"
    google = Principal(Kind.FEDERATED, "", arn, "accounts.google.com")
    for value in (arn, "accounts.google.com"):
        assert principal_test(Principals(federated=(value,)), bound=True).match(google) is DIRECT
    for value in ("www.amazon.com", "arn:aws:iam::444455556666:oidc-provider/accounts.google.com", ""):
        assert principal_test(Principals(federated=(value,)), bound=True).match(google) is NONE
        assert principal_test(Principals(federated=(value,)), bound=True).match(FEDERATED) is NONE
