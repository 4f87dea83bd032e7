"""What every store must do, whatever the engine. A test file that runs this suite gives it the fixture `url`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import create_engine, select, text, update

from suites.directories import EVERY_ENTITY, ONE, STEPS, TWO, Life, Step, change, differences
from vestry.directory.draft import EVERYTHING, Change
from vestry.directory.entities import KINDS, Role, User
from vestry.directory.snapshot import Root, assemble
from vestry.directory.usage import Usage
from vestry.store.database import Store, StoreError, open_store
from vestry.store.failure import StoreInUse
from vestry.store.tables import SCHEMA, meta, revisions, rows

KEY = bytes(range(32))
ANN = next(entity for entity in EVERY_ENTITY if isinstance(entity, User))
BATCH = [change(entity) for entity in EVERY_ENTITY]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A fresh store, loaded."""
    opened = open_store(url, KEY)
    opened.load()
    yield opened
    opened.close()


def reopened(url: str) -> Root:
    """Return what a store holds for somebody who opens it afresh."""
    opened = open_store(url, KEY)
    try:
        return opened.load()
    finally:
        opened.close()


def outside(url: str, *statements: object) -> None:
    """Do something to the store's tables that Vestry would not."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]
    engine.dispose()


def test_a_fresh_store_holds_nothing(store: Store) -> None:
    assert store.load() == Root()
    assert store.read_usage() == {}


def test_every_entity_comes_back_as_it_was(store: Store, url: str) -> None:
    assert {type(entity) for entity in EVERY_ENTITY} == set(KINDS)
    store.commit(BATCH, 1)
    expected = assemble(EVERY_ENTITY, 1)
    assert differences(store.load(), expected) == []
    store.close()
    found = reopened(url)
    assert differences(found, expected) == []
    assert found.revision == 1


def test_a_row_is_replaced_by_the_last_value_written(store: Store) -> None:
    store.commit(BATCH, 1)
    first = msgspec.structs.replace(ANN, path="/first/")
    last = msgspec.structs.replace(ANN, path="/last/", tags=())
    store.commit([change(first), change(last)], 2)
    assert store.load().accounts[ONE].user("ann") == last


def test_a_deleted_row_is_gone_and_others_stay(store: Store) -> None:
    store.commit(BATCH, 1)
    store.commit([Change(ONE, "user", ANN.id, None)], 2)
    rest = [entity for entity in EVERY_ENTITY if entity != ANN]
    assert differences(store.load(), assemble(rest, 2)) == []


def test_rows_written_and_deleted_in_one_batch_end_as_the_last_change_says(store: Store) -> None:
    gone = Change(ONE, "user", ANN.id, None)
    store.commit([*BATCH, gone], 1)
    assert store.load().accounts[ONE].user("ann") is None
    store.commit([gone, change(ANN)], 2)
    assert store.load().accounts[ONE].user("ann") == ANN


def test_everything_empties_one_account_and_what_follows_is_kept(store: Store) -> None:
    store.commit(BATCH, 1)
    kept = [entity for entity in EVERY_ENTITY if entity.account == ONE and entity.id in {"settings", ANN.id}]
    lost = msgspec.structs.replace(ANN, id="AIDA00000000000LOST", name="lost")
    store.commit([change(lost), Change(ONE, EVERYTHING, "", None), *map(change, kept)], 2)
    rest = [entity for entity in EVERY_ENTITY if entity.account != ONE]
    assert differences(store.load(), assemble([*rest, *kept], 2)) == []


def test_an_account_that_was_deleted_is_gone(store: Store) -> None:
    store.commit(BATCH, 1)
    store.commit([Change(ONE, EVERYTHING, "", None)], 2)
    root = store.load()
    assert sorted(root.accounts) == [TWO]
    assert dict(root.aliases) == {"development": TWO}
    assert sorted(root.ring) == [1, 2], "ring keys belong to no account"


def test_a_failed_commit_changes_nothing_and_the_next_one_works(store: Store, url: str) -> None:
    store.commit(BATCH, 1)
    before = store.load()
    unwritable = msgspec.structs.replace(ANN, path="/lone surrogate \ud800/")
    with pytest.raises(StoreError):
        store.commit([Change(ONE, "role", "x", None), change(unwritable)], 2)
    broken = Change(ONE, "user", None, ANN)  # type: ignore[arg-type]  # a key column takes no NULL
    with pytest.raises(StoreError):
        store.commit([Change(TWO, EVERYTHING, "", None), change(ANN), broken], 2)
    assert store.load() == before
    store.commit([Change(ONE, "user", ANN.id, None)], 2)
    store.close()
    assert reopened(url).accounts[ONE].user("ann") is None


def test_what_a_failing_engine_says_comes_without_what_was_to_be_stored(store: Store) -> None:
    store.commit(BATCH, 1)
    with pytest.raises(StoreError) as caught:
        store.commit([Change(ONE, "user", None, ANN)], 2)  # type: ignore[arg-type]
    assert "Ann" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_revisions_are_kept(store: Store, url: str) -> None:
    for revision in (1, 2, 3, 10):
        store.commit([], revision)
    store.close()
    assert reopened(url).revision == 10


def test_a_store_that_was_not_loaded_does_not_commit(url: str) -> None:
    opened = open_store(url, KEY)
    with pytest.raises(StoreError):
        opened.commit(BATCH, 1)
    assert opened.load() == Root()
    opened.close()


def test_a_second_writer_is_found_out(store: Store, url: str) -> None:
    store.commit(BATCH, 1)
    outside(url, update(revisions).values(revision=2))
    with pytest.raises(StoreError, match="another process"):
        store.commit([Change(ONE, EVERYTHING, "", None)], 2)
    assert ONE in store.load().accounts


def test_usage_is_kept_and_replaced(store: Store, url: str) -> None:
    store.write_usage({"AKIA1": Usage(1, "iam", "us-east-1"), "AROA1": Usage(2, "sts", "eu-west-1")})
    store.write_usage({"AKIA1": Usage(3, "sts", "us-east-2")})
    store.write_usage({})
    store.close()
    opened = open_store(url, KEY)
    expected = {"AKIA1": Usage(3, "sts", "us-east-2"), "AROA1": Usage(2, "sts", "eu-west-1")}
    assert opened.read_usage() == expected
    opened.close()


def test_usage_of_what_is_deleted_is_forgotten(store: Store) -> None:
    store.commit(BATCH, 1)
    last = Usage(1, "iam", "us-east-1")
    root, ann, app = "AKIA000000000000ROOT", "AKIA0000000000000ANN", "AROA0000000000000APP"
    store.write_usage({root: last, ann: last, app: last, "AROA0000000000000MIN": last})
    store.commit([Change(ONE, "key", ann, None)], 2)
    assert sorted(store.read_usage()) == [root, app, "AROA0000000000000MIN"]
    kept = [change(entity) for entity in EVERY_ENTITY if entity.id in {"settings", root}]
    store.commit([Change(ONE, EVERYTHING, "", None), *kept], 3)
    assert sorted(store.read_usage()) == [root, "AROA0000000000000MIN"]


def test_an_installation_keeps_its_id(store: Store, url: str) -> None:
    installation = store.installation
    store.close()
    opened = open_store(url, KEY)
    assert opened.installation == installation
    assert len(installation) == 32
    opened.close()


def test_a_wrong_master_key_is_refused(store: Store, url: str) -> None:
    store.commit(BATCH, 1)
    store.close()
    with pytest.raises(StoreError, match="master key"):
        open_store(url, KEY[::-1])
    assert ONE in reopened(url).accounts, "the refusal changed nothing and let go of the store"


def test_a_newer_schema_is_refused(store: Store, url: str) -> None:
    store.close()
    outside(url, update(meta).where(meta.c.name == "schema").values(value=str(SCHEMA + 1)))
    with pytest.raises(StoreError, match="update Vestry"):
        open_store(url, KEY)


def test_a_newer_body_is_refused_and_nothing_can_be_written(store: Store, url: str) -> None:
    store.commit(BATCH, 1)
    store.close()
    outside(url, update(rows).where(rows.c.id == ANN.id).values(version=1_000))
    opened = open_store(url, KEY)
    with pytest.raises(StoreError, match="update Vestry"):
        opened.load()
    with pytest.raises(StoreError):
        opened.commit([change(ANN)], 2)
    opened.close()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"kind": "saml"}, id="a kind that is not known"),
        pytest.param({"body": b"{"}, id="a body that is not JSON"),
        pytest.param({"body": b"{}"}, id="a body that lacks fields"),
        pytest.param({"id": "AIDA00000000000MINE"}, id="a body of another id"),
        pytest.param({"account": TWO}, id="a body of another account"),
        pytest.param({"account": "333333333333", "body": b""}, id="an account that is not there"),
    ],
)
def test_rows_that_vestry_did_not_write_are_refused(
    store: Store, url: str, values: dict[str, object]
) -> None:
    store.commit(BATCH, 1)
    outside(url, update(rows).where(rows.c.id == ANN.id).values(**values))
    with pytest.raises(StoreError):
        store.load()


def test_an_account_without_settings_is_refused(store: Store) -> None:
    store.commit([change(ANN)], 1)
    with pytest.raises(StoreError, match=ONE):
        store.load()


def test_a_database_of_something_else_is_refused(url: str) -> None:
    outside(url, text("CREATE TABLE customers (id INTEGER PRIMARY KEY)"))
    with pytest.raises(StoreError, match="other tables"):
        open_store(url, KEY)


def test_a_store_that_lost_its_key_check_is_refused(store: Store, url: str) -> None:
    store.close()
    outside(url, meta.delete().where(meta.c.name == "key-check"))
    with pytest.raises(StoreError, match="damaged"):
        open_store(url, KEY[::-1])


def test_a_store_has_one_owner(store: Store, url: str) -> None:
    with pytest.raises(StoreInUse, match=str(os.getpid())):
        open_store(url, KEY)
    program = (
        "import sys; from vestry.store.database import open_store; open_store(sys.argv[1], bytes(range(32)))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, url], stderr=subprocess.PIPE, text=True, check=False
    )
    assert other.returncode == 1
    assert (
        f"StoreInUse: The database {url.partition(':///')[2]} is in use by process {os.getpid()}"
        in other.stderr
    )
    store.close()
    open_store(url, KEY).close()


def test_a_reader_sees_whole_transactions_and_holds_nobody_up(store: Store, url: str) -> None:
    store.commit(BATCH, 1)
    engine = create_engine(url)
    count, revision = select(rows.c.id), select(revisions.c.revision)
    with engine.connect() as reader:
        reader.execute(text("BEGIN"))
        assert reader.execute(revision).scalar_one() == 1
        store.commit([Change(ONE, EVERYTHING, "", None)], 2)
        assert len(reader.execute(count).all()) == len(EVERY_ENTITY), "it began before the commit"
        reader.execute(text("COMMIT"))
        assert reader.execute(revision).scalar_one() == 2
        assert len(reader.execute(count).all()) < len(EVERY_ENTITY)
    engine.dispose()


def test_equal_texts_are_held_once(store: Store) -> None:
    roles = [Role(TWO, f"AROA{n:016}", f"r{n}", "/p/", n, f"trust {n % 2}") for n in range(4)]
    store.commit([*BATCH, *map(change, roles)], 1)
    loaded = store.load().accounts[TWO].roles
    assert loaded["r0"].trust is loaded["r2"].trust
    assert loaded["r0"].path is loaded["r1"].path
    assert loaded["r0"] == roles[0]
    assert loaded["r1"] == roles[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=STEPS)
def test_a_life_in_batches_is_loaded_as_its_drafts_left_it(store: Store, life: list[Step]) -> None:
    lived = Life(store.load())
    lived.end_everything()
    revision = lived.draft.root.revision
    for number, step in enumerate(life):
        lived.step(step)
        if step[3] % 3 == 0 or number == len(life) - 1:
            revision += 1
            store.commit(lived.next_draft(), revision)
            found = store.load()
            assert differences(found, lived.draft.root) == []
            assert found.revision == revision
