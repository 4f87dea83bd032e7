"""AWS profiles, written so that every client finds the server: the profile carries `endpoint_url` and a region.

The rest of the files stays as it is; a file is replaced as a whole. A profile that is not ours is never overwritten:
keys of the real AWS would be lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from vestry.cli import ini
from vestry.cli.failure import Failure

DEFAULT_REGION = "us-east-1"
_NAME = re.compile(r"[A-Za-z0-9_.@+=,/:-]+", re.ASCII)

#: Options by which a profile gets its credentials in another way; next to an access key they would win, or confuse.
_OTHER_WAYS = (
    "role_arn",
    "source_profile",
    "credential_source",
    "credential_process",
    "web_identity_token_file",
)
_TOKENS = ("aws_session_token", "aws_security_token")


def config_file() -> Path:
    """Return the AWS config file that clients read."""
    return Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()


def credentials_file() -> Path:
    """Return the AWS credentials file that clients read."""
    return Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()


def check(name: str) -> None:
    """Make sure that a profile may be written. Raises Failure, before anything has been done for it."""
    if not _NAME.fullmatch(name):
        raise Failure(
            f"{name!r} cannot be a profile's name.",
            "Use letters, digits, and the characters - _ . @ + = , / :",
        )
    found = ini.read_section(_read(config_file()), ini.profile_section(name))
    found |= ini.read_section(_read(credentials_file()), ini.credentials_section(name))
    for option in found:
        if option in _OTHER_WAYS or option.startswith("sso_"):
            raise Failure(
                f"The profile {name} exists and gets its credentials in another way ({option}).",
                "Choose another name, or remove that profile first.",
            )
    if "aws_access_key_id" in found and "endpoint_url" not in found:
        raise Failure(
            f"The profile {name} exists and holds keys for another place (it has no endpoint_url).",
            "Choose another name, or remove that profile first.",
        )


def write(name: str, secrets: Mapping[str, str], endpoint: str, authority: str | None = None) -> list[str]:
    """Write a profile; return the files that it went to. Raises Failure.

    `authority` is the file of a private authority that vouches for the endpoint: boto3 and the AWS CLI read it from the
    profile (`ca_bundle`).
    """
    check(name)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    place = {"region": region, "endpoint_url": endpoint}
    if authority is not None:
        place["ca_bundle"] = authority
    title = "default" if name == "default" else f"profile {name}"

    def with_secrets(text: str) -> str:
        return ini.write_section(text, name, ini.credentials_section(name), secrets, _TOKENS)

    def with_place(text: str) -> str:
        return ini.write_section(text, title, ini.profile_section(name), place, [*secrets, *_TOKENS])

    config, credentials = config_file(), credentials_file()
    # The endpoint first: keys without it would lead to the real AWS. (One file may serve as both: the keys go last.)
    _replace(config, with_place, private=False)
    _replace(credentials, with_secrets, private=True)
    return [str(config), str(credentials)]


def _read(path: Path) -> str:
    """Return a file's text, empty where there is none. Bytes that are no UTF-8 survive being written back."""
    try:
        if path.exists() and not path.is_file():
            raise Failure(f"{path} is not a file: a profile cannot be written to it.")
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.") from None


def _replace(path: Path, change: Callable[[str], str], *, private: bool) -> None:
    """Replace a file by what `change` makes of its text, at once; a symbolic link stays one. Raises Failure."""
    path = Path(os.path.realpath(path))
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _one_at_a_time(path.parent):
            text = change(_read(path))
            mode = 0o600 if private or not path.exists() else stat.S_IMODE(path.stat().st_mode)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(text)
                file.flush()
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise Failure(f"{path} cannot be written: {error.strerror}.") from None


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep two commands from losing one another's profile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
