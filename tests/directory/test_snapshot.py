"""The Root and its accounts: what is found under which name, and pages of it."""

from __future__ import annotations

import random

import pytest

from suites.directories import EVERY_ENTITY, ONE, TWO, differences
from vestry.directory.draft import Draft
from vestry.directory.entities import Role, Settings, User
from vestry.directory.snapshot import assemble, page

FULL = assemble(EVERY_ENTITY, 7)
ANN = f"arn:aws:iam::{ONE}:user/team/Ann"
APP = f"arn:aws:iam::{ONE}:role/service/UpdateApp"


def test_the_order_of_rows_is_irrelevant() -> None:
    shuffled = list(EVERY_ENTITY)
    for seed in range(20):
        random.Random(seed).shuffle(shuffled)
        assert differences(assemble(shuffled, 7), FULL) == []


def test_an_account_without_settings_is_refused() -> None:
    with pytest.raises(ValueError, match=ONE):
        assemble([entity for entity in EVERY_ENTITY if entity.id != "settings"], 1)


@pytest.mark.parametrize(
    ("name", "account"),
    [
        pytest.param(ONE, ONE, id="by id"),
        pytest.param("production", ONE, id="by alias"),
        pytest.param("development", TWO, id="by another alias"),
        pytest.param("Production", None, id="aliases have one spelling"),
        pytest.param("999999999999", None, id="an id that is not there"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_accounts_are_found(name: str, account: str | None) -> None:
    found = FULL.account(name)
    assert (None if found is None else found.id) == account


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        pytest.param(ANN, "AIDA0000000000000ANN", id="a user"),
        pytest.param(APP, "AROA0000000000000APP", id="a role"),
        pytest.param(ANN.replace("/team/", "/"), None, id="the path belongs to it"),
        pytest.param(ANN.replace("Ann", "ann"), None, id="its case too"),
        pytest.param(ANN.replace(ONE, TWO), None, id="another account"),
        pytest.param(ANN.replace("user/", "role/"), None, id="another kind"),
        pytest.param(ANN.replace(ONE, "999999999999"), None, id="an account that is not there"),
        pytest.param("arn:aws:iam", None, id="no ARN"),
        pytest.param("*", None, id="a wildcard"),
    ],
)
def test_principals_are_found_by_exactly_their_arn(arn: str, found: str | None) -> None:
    principal = FULL.principal(arn)
    assert (None if principal is None else principal.id) == found
    assert principal is None or principal.arn == arn


def test_unique_ids_find_their_own_kind_only() -> None:
    account = FULL.accounts[ONE]
    user, role = account.user("ANN"), account.role("updateapp")
    assert isinstance(user, User)
    assert isinstance(role, Role)
    assert account.user_by_id(user.id) is user
    assert account.role_by_id(role.id) is role
    assert account.user_by_id(role.id) is None
    assert account.role_by_id(user.id) is None
    assert account.user_by_id("AIDA") is None


def test_a_user_and_a_role_of_one_name_are_not_taken_for_each_other() -> None:
    draft = Draft(FULL)
    draft.put(User(ONE, "AIDATWIN", "twin", "/", 1))
    draft.put(Role(ONE, "AROATWIN", "Twin", "/", 1, "{}"))
    account = draft.root.accounts[ONE]
    assert (account.user_by_id("AROATWIN"), account.role_by_id("AIDATWIN")) == (None, None)
    assert account.user_by_id("AIDATWIN") is account.user("twin")
    assert account.role_by_id("AROATWIN") is account.role("twin")


def roles(*names: str, path: str = "/") -> list[Role]:
    """Return roles of those names."""
    return [Role(TWO, f"AROA{name}", name, path, 1, "{}") for name in names]


SHELF = (
    assemble(
        [
            Settings(TWO, "a", "i", 1),
            *roles("a", "B", "c", path="/x/"),
            *roles("D", "e"),
            *roles("f", path="/x/y/"),
        ],
        0,
    )
    .accounts[TWO]
    .roles
)


@pytest.mark.parametrize(
    ("prefix", "after", "wanted", "names", "more"),
    [
        pytest.param("/", "", 10, "aBcDef", False, id="all, by name without regard to case"),
        pytest.param("/", "", 6, "aBcDef", False, id="exactly all"),
        pytest.param("/", "", 5, "aBcDe", True, id="all but one"),
        pytest.param("/", "b", 2, "cD", True, id="from behind a name"),
        pytest.param("/", "bb", 2, "cD", True, id="from behind a name that is gone"),
        pytest.param("/x/", "", 10, "aBcf", False, id="under a path"),
        pytest.param("/x/", "", 4, "aBcf", False, id="no more under the path, though more in all"),
        pytest.param("/x/", "c", 1, "f", False, id="the last page under a path"),
        pytest.param("/z/", "", 1, "", False, id="nothing there"),
        pytest.param("/", "f", 1, "", False, id="behind the last"),
    ],
)
def test_pages(prefix: str, after: str, wanted: int, names: str, more: bool) -> None:
    found, goes_on = page(SHELF, prefix, after, wanted)
    assert "".join(role.name for role in found) == names
    assert goes_on is more


def test_pages_hold_only_what_is_kept() -> None:
    found, more = page(SHELF, "/", "", 2, lambda role: role.name.islower())
    assert ([role.name for role in found], more) == (["a", "c"], True)


def test_a_task_is_found_by_the_fingerprint_of_its_credentials_id_until_it_or_its_account_is_gone() -> None:
    task = FULL.accounts[ONE].workloads.tasks["0a" * 16]
    assert FULL.task_of(task.credentials_id) == task
    assert FULL.task_of(task.token) is None
    gone, closed = Draft(FULL), Draft(FULL)
    gone.remove(task)
    closed.remove_account(FULL.accounts[ONE])
    assert gone.root.task_of(task.credentials_id) is None
    assert closed.root.task_of(task.credentials_id) is None


def test_an_association_is_found_by_cluster_namespace_and_service_account() -> None:
    workloads = FULL.accounts[ONE].workloads
    cluster = workloads.cluster("eu-west-1", "prod")
    assert cluster is not None
    found = workloads.of_pod(cluster, "shop", "till")
    assert found is not None
    assert workloads.of_cluster(cluster) == [found]
    assert workloads.of_pod(cluster, "till", "shop") is None
    assert workloads.cluster("us-east-1", "prod") is None
