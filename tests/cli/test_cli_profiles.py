"""Profiles are written at once, privately, and never over what is not ours."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import botocore.session
import pytest

from vestry.cli import profiles
from vestry.cli.failure import Failure

KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "s/ecret+"}
ENDPOINT = "http://127.0.0.1:4566"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS's files, in a folder that does not exist yet."""
    folder = tmp_path / "aws"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    return folder


def test_botocore_finds_keys_endpoint_and_region(home: Path) -> None:
    written = profiles.write("prod", KEYS, ENDPOINT)
    assert written == [str(home / "config"), str(home / "credentials")]
    session = botocore.session.Session(profile="prod")
    found = session.get_credentials()
    assert (found.access_key, found.secret_key, found.token) == ("AKIAEXAMPLE", "s/ecret+", None)
    assert session.get_scoped_config()["endpoint_url"] == ENDPOINT
    assert session.get_config_variable("region") == "us-east-1"


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_of_the_environment_is_taken(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "eu-central-1")
    profiles.write("prod", KEYS, ENDPOINT)
    assert "region = eu-central-1\n" in (home / "config").read_text()


def test_one_file_may_serve_as_both(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "config"))
    for name in ("default", "prod"):
        profiles.write(name, KEYS, ENDPOINT)
        found = botocore.session.Session(profile=name)
        assert found.get_credentials().access_key == "AKIAEXAMPLE"
        assert found.get_scoped_config()["endpoint_url"] == ENDPOINT


def test_keys_are_private_and_the_config_keeps_its_mode(home: Path) -> None:
    home.mkdir()
    for name in ("config", "credentials"):
        (home / name).touch(0o644)
    profiles.write("prod", KEYS, ENDPOINT)
    assert (home / "credentials").stat().st_mode & 0o777 == 0o600
    assert (home / "config").stat().st_mode & 0o777 == 0o644


def test_new_files_are_private(home: Path) -> None:
    profiles.write("prod", KEYS, ENDPOINT)
    assert home.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}
    assert {path.name for path in home.iterdir()} == {"config", "credentials"}, "nothing is left lying about"


def test_a_symbolic_link_stays_one(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (tmp_path / "dotfiles").write_text("# kept elsewhere\n")
    (home / "config").symlink_to(tmp_path / "dotfiles")
    profiles.write("prod", KEYS, ENDPOINT)
    assert (home / "config").is_symlink()
    assert (tmp_path / "dotfiles").read_text().startswith("# kept elsewhere\n\n[profile prod]\n")


def test_bytes_that_are_no_utf8_survive(home: Path) -> None:
    home.mkdir()
    (home / "config").write_bytes(b"# caf\xe9\n[default]\nregion = a\n")
    profiles.write("prod", KEYS, ENDPOINT)
    assert (home / "config").read_bytes().startswith(b"# caf\xe9\n[default]\nregion = a\n\n[profile prod]\n")


def test_our_own_profile_is_written_again_without_its_old_token(home: Path) -> None:
    profiles.write("prod", KEYS, ENDPOINT)
    with (home / "credentials").open("a") as file:
        file.write("aws_session_token = stale\n")
    profiles.write("prod", KEYS | {"aws_access_key_id": "AKIANEXT"}, "http://127.0.0.1:9")
    found = botocore.session.Session(profile="prod")
    assert (found.get_credentials().access_key, found.get_credentials().token) == ("AKIANEXT", None)
    assert found.get_scoped_config()["endpoint_url"] == "http://127.0.0.1:9"


# sentence, config, credentials, what the refusal names
FOREIGN = [
    (
        "keys of the real AWS",
        "",
        "[prod]\naws_access_key_id = A\naws_secret_access_key = B\n",
        "endpoint_url",
    ),
    ("keys in the config file", "[profile prod]\naws_access_key_id = A\n", "", "endpoint_url"),
    ("a role's profile", "[profile prod]\nrole_arn = R\nendpoint_url = E\n", "", "role_arn"),
    ("a single sign-on", "[profile prod]\nsso_session = S\n", "", "sso_session"),
    ("a credential process", "[profile prod]\ncredential_process = P\n", "", "credential_process"),
]


@pytest.mark.parametrize(
    ("config", "credentials", "named"), [case[1:] for case in FOREIGN], ids=[case[0] for case in FOREIGN]
)
def test_a_profile_that_is_not_ours_is_refused(home: Path, config: str, credentials: str, named: str) -> None:
    home.mkdir()
    (home / "config").write_text(config)
    (home / "credentials").write_text(credentials)
    with pytest.raises(Failure, match=named):
        profiles.write("prod", KEYS, ENDPOINT)
    assert ((home / "config").read_text(), (home / "credentials").read_text()) == (config, credentials)


@pytest.mark.parametrize("name", ["", "a b", "x]", "a\nb", "#c", "profile x", "'q'"])
def test_a_name_that_a_file_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(Failure, match="name"):
        profiles.check(name)


def test_what_is_not_a_file_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(Failure, match="/dev/null is not a file"):
        profiles.write("prod", KEYS, ENDPOINT)
    assert Path("/dev/null").is_char_device()


def test_profiles_written_at_the_same_time_are_all_there(home: Path) -> None:
    names = [f"p{number}" for number in range(12)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.starmap(profiles.write, [(name, KEYS, ENDPOINT) for name in names])
    assert set(botocore.session.Session().available_profiles) == set(names)
