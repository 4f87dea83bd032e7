"""`vestry account` does the same while a server runs and when none does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest

from commands import Vestry
from serving import serving


@pytest.fixture(params=["a server runs", "no server runs"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store deeper down than a socket's path is long; the endpoint is in `endpoint` beside it."""
    data = tmp_path / ("d" * 120)
    monkeypatch.setenv("VESTRY_DATA", str(data))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    if request.param == "no server runs":
        (tmp_path / "endpoint").write_text("http://127.0.0.1:4566")
        yield data
        return
    with serving(data) as server:
        (tmp_path / "endpoint").write_text(server.endpoint)
        yield data


def test_create_prints_the_root_key_as_json(store: Path, vestry: Vestry) -> None:
    said = vestry("account", "create", "prod", "--id", "123456789012", "--json")
    made = json.loads(said.out)
    assert (said.code, said.err) == (0, "")
    assert list(made) == ["AccountId", "Alias", "AccessKeyId", "SecretAccessKey"]
    assert (made["AccountId"], made["Alias"]) == ("123456789012", "prod")
    assert re.fullmatch("AKIA[A-Z2-7]{16}", made["AccessKeyId"])
    assert re.fullmatch("[A-Za-z0-9/+]{40}", made["SecretAccessKey"])


def test_create_writes_the_profile_that_it_names(store: Path, vestry: Vestry) -> None:
    said = vestry("account", "create", "prod", "--profile", "prod")
    assert said.code == 0
    session = botocore.session.Session(profile="prod")
    assert session.get_credentials().access_key in said.out
    assert session.get_scoped_config()["endpoint_url"] == (store.parent / "endpoint").read_text()


def test_no_account_is_made_for_a_profile_that_cannot_be_written(store: Path, vestry: Vestry) -> None:
    (store.parent / "credentials").write_text("[prod]\naws_access_key_id = REAL\n")
    said = vestry("account", "create", "prod", "--profile", "prod")
    assert said.code == 1
    assert "Choose another name" in said.err
    assert json.loads(vestry("account", "list", "--json").out) == {"Accounts": []}


def test_the_key_is_shown_though_the_profile_fails(
    store: Path, vestry: Vestry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/proc/nowhere/config")
    said = vestry("account", "create", "prod", "--profile", "prod", "--json")
    assert said.code == 1
    assert json.loads(said.out)["SecretAccessKey"]
    assert "The account prod is made" in said.err
    assert json.loads(said.out)["SecretAccessKey"] not in said.err


def test_list_set_reset_delete(store: Path, vestry: Vestry) -> None:
    assert "no accounts yet" in vestry("account", "list").out
    vestry("account", "create", "prod", "--id", "123456789012")
    assert "allowed" in vestry("account", "set", "prod", "--allow-wildcard-principals").out
    listed = vestry("account", "list").out.splitlines()
    assert [line.split() for line in listed[1:]] == [["123456789012", "prod", "0", "0", "0", "allowed"]]
    assert "refused" in vestry("account", "set", "123456789012", "--no-allow-wildcard-principals").out
    assert (
        vestry("account", "reset", "prod").out
        == "Account prod (123456789012) is empty; its root key stays.\n"
    )
    assert vestry("account", "delete", "123456789012", "--json").code == 0
    assert json.loads(vestry("account", "list", "--json").out) == {"Accounts": []}


# sentence, arguments, exit code, what stderr says
FAULTS = [
    ("an alias that is none", ["account", "create", "X"], 1, "An alias has 3 to 63 lower-case letters"),
    ("an alias that is taken", ["account", "create", "prod"], 1, "already exists"),
    ("an id that is none", ["account", "create", "other", "--id", "12"], 1, "twelve digits"),
    ("an account that is not there", ["account", "reset", "nobody"], 1, "vestry account list shows them"),
    ("deleting an account that is not there", ["account", "delete", "nobody"], 1, "cannot be found"),
    ("nothing to set", ["account", "set", "prod"], 2, "say what to set"),
    ("no alias", ["account", "create"], 2, "ALIAS"),
    ("an option that is none", ["account", "list", "--jason"], 2, "--jason"),
    ("a command that is none", ["account", "creat", "x"], 2, "create"),
    ("a database that is to come", ["account", "list", "--database", "postgresql://h/x"], 2, "not supported yet"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "expected"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
def test_fault(store: Path, vestry: Vestry, arguments: list[str], code: int, expected: str) -> None:
    vestry("account", "create", "prod")
    said = vestry(*arguments)
    assert (said.code, said.out) == (code, "")
    assert expected in said.err
    assert "Traceback" not in said.err


def test_a_database_of_its_own(tmp_path: Path, vestry: Vestry) -> None:
    url = f"sqlite:///{tmp_path}/iam.db"
    assert vestry("account", "create", "prod", "--database", url).code == 0
    assert "prod" in vestry("account", "list", "--database", url).out
    assert (tmp_path / "iam.db.vestry" / "master.key").stat().st_mode & 0o777 == 0o600
    assert "prod" not in vestry("account", "list", "--database", f"sqlite:///{tmp_path}/other.db").out
