"""AWS profiles, written so that every client finds the endpoint: the profile carries `endpoint_url` and a region.

The rest of the files, comments included, stays as it is; a file is replaced as a whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from vestry.cli.failure import Failure

DEFAULT_REGION = "us-east-1"
_NAME = re.compile(r"[^\s\[\]#;\"'\\]+")


def config_file() -> Path:
    """Return the AWS config file that clients read."""
    return Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()


def credentials_file() -> Path:
    """Return the AWS credentials file that clients read."""
    return Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()


def write(name: str, secrets: Mapping[str, str], endpoint: str) -> list[str]:
    """Write a profile; return the files that it went to. Raises Failure."""
    if not _NAME.fullmatch(name):
        raise Failure(f"{name!r} cannot be a profile's name.", "Use letters, digits, hyphens and dots.")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    section = "default" if name == "default" else f"profile {name}"
    config, credentials = config_file(), credentials_file()
    try:
        replace_section(credentials, name, secrets)
        replace_section(config, section, {"region": region, "endpoint_url": endpoint})
    except OSError as error:
        raise Failure(f"The profile {name} cannot be written: {error}.") from None
    return [str(config), str(credentials)]


def replace_section(path: Path, section: str, values: Mapping[str, str]) -> None:
    """Set `values` in a section of an INI file, and leave every other line as it is."""
    lines = path.read_text().splitlines() if path.exists() else []
    start = next((i for i, line in enumerate(lines) if line.strip() == f"[{section}]"), None)
    if start is None:
        head, body, tail = [*lines, *([""] if lines and lines[-1].strip() else [])], [], []
    else:
        rest = range(start + 1, len(lines))
        end = next((i for i in rest if lines[i].lstrip().startswith("[")), len(lines))
        head, body, tail = lines[:start], lines[start + 1 : end], lines[end:]
        body = [line for line in body if line.partition("=")[0].strip() not in values]
    trailing = []
    while body and not body[-1].strip():
        trailing.append(body.pop())
    fresh = [f"{key} = {value}" for key, value in values.items()]
    whole = [*head, f"[{section}]", *fresh, *body, *trailing, *tail]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replacement = path.with_name(f"{path.name}.vestry-{os.getpid()}")
    descriptor = os.open(replacement, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(whole) + "\n")
    replacement.replace(path)
