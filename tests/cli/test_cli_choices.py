"""Options go before the environment, and every database has a lock, a key and a socket of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from vestry.cli.choices import Place, master_key, place
from vestry.cli.failure import Failure

# sentence, --data, --database, VESTRY_DATA, VESTRY_DATABASE, the store
CHOICES = [
    ("nothing is said: the user's own", None, None, None, None, ("/share/vestry", None)),
    ("a data directory", "/d", None, None, None, ("/d", None)),
    ("a data directory from the environment", None, None, "/e", None, ("/e", None)),
    ("the option goes before the environment", "/d", None, "/e", None, ("/d", None)),
    ("… whatever kind it is of", "/d", None, None, "sqlite:////e/x.db", ("/d", None)),
    ("… either way", None, "sqlite:////d/x.db", "/e", None, ("/d/x.db.vestry", "sqlite:////d/x.db")),
    ("a database has a directory beside it", None, "sqlite:////d/x.db", None, None, ("/d/x.db.vestry", "sqlite:////d/x.db")),
    ("a data directory's own database is that directory", None, "sqlite:////d/vestry.db", None, None, ("/d", "sqlite:////d/vestry.db")),
    ("a database from the environment", None, None, None, "sqlite:////e/x.db", ("/e/x.db.vestry", "sqlite:////e/x.db")),
    ("a relative path is made absolute", None, "sqlite:///x.db", None, None, ("/here/x.db.vestry", "sqlite:////here/x.db")),
    ("the short form is taken too", None, "sqlite:x.db", None, None, ("/here/x.db.vestry", "sqlite:////here/x.db")),
    ("… with an absolute path", None, "sqlite:/d/x.db", None, None, ("/d/x.db.vestry", "sqlite:////d/x.db")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "database", "data_variable", "database_variable", "expected"),
    [case[1:] for case in CHOICES],
    ids=[case[0] for case in CHOICES],
)
def test_choice(
    data: str | None,
    database: str | None,
    data_variable: str | None,
    database_variable: str | None,
    expected: tuple[str, str | None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", "/share")
    for name, value in (("VESTRY_DATA", data_variable), ("VESTRY_DATABASE", database_variable)):
        if value is not None:
            monkeypatch.setenv(name, value)
    folder, url = expected
    here = str(tmp_path)
    chosen = place(Path(data) if data else None, database)
    assert chosen == Place(Path(folder.replace("/here", here)), url and url.replace("/here", here))


# sentence, --data, --database, what is said
REFUSALS = [
    ("both kinds at once", "/d", "sqlite:////d/x.db", "not by both"),
    (
        "a database that is to come",
        None,
        "postgresql://u:secret@h/x",
        "^postgresql databases are not supported yet",
    ),
    ("a driver's own name", None, "postgresql+psycopg://u:secret@h/x", r"^postgresql\+psycopg databases"),
    ("any other database", None, "mysql://u:secret@h/x", "^mysql databases are not supported yet"),
    ("a path that is no URL", None, "/d/x.db", "takes a URL"),
    ("a database in memory", None, "sqlite://", "--ephemeral"),
    ("a database in memory by name", None, "sqlite:///:memory:", "--ephemeral"),
    ("an empty path", None, "sqlite:///", "--ephemeral"),
    ("a host", None, "sqlite://host/x.db", "no host"),
    ("options", None, "sqlite:////d/x.db?mode=ro", "no options"),
]


@pytest.mark.parametrize(
    ("data", "database", "said"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_refusal_names_no_secret(data: str | None, database: str, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said) as refused:
        place(Path(data) if data else None, database)
    assert "secret" not in refused.value.message


def test_the_master_key_is_the_base64_of_32_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert master_key() is None
    monkeypatch.setenv("VESTRY_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert master_key() == bytes(range(32))


@pytest.mark.parametrize("text", ["AAECAw==", "not base64!", "ä", "A" * 44])
def test_a_master_key_that_is_none_is_refused_unseen(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTRY_MASTER_KEY", text)
    with pytest.raises(Failure, match="VESTRY_MASTER_KEY") as refused:
        master_key()
    assert text not in str(refused.value)
