"""PyArrow's S3FileSystem (the SDK for C++): it assumes its role by the lines of docs/clients.md."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from object_store import PYTHON, ObjectStore
from places import Place, statement
from recipes import ACCOUNT, ENDPOINT, KEY, S3, SECRET, exports, recipe

LARGE = 11 * 1024 * 1024


def write(
    place: Place, keys: dict[str, Any], objects: ObjectStore, bucket: str, home: Path
) -> subprocess.CompletedProcess[str]:
    """Run the page's program with the page's environment and casey's keys."""
    (program,) = recipe(
        "PyArrow", "python", {ACCOUNT: place.number, S3: objects.endpoint, '"data/': f'"{bucket}/'}
    )
    said = {ENDPOINT: place.server.endpoint, KEY: keys["AccessKeyId"], SECRET: keys["SecretAccessKey"]}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [PYTHON, "-c", program],
        env=inherited | {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"} | exports("PyArrow", said),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_is_written_in_parts_by_the_role(place: Place, objects: ObjectStore, tmp_path: Path) -> None:
    keys = place.user("casey", statement("Allow", "sts:AssumeRole", place.arn("role/deploy")))
    place.role("deploy")
    bucket = objects.bucket()
    done = write(place, keys, objects, bucket, tmp_path)
    assert (done.stdout, done.returncode) == (f"{LARGE}\n", 0), done.stderr
    assert sum("partNumber=" in one.target for one in objects.asked) == 2
    assert objects.sessions(place.server) == {place.session("deploy", "arrow")}
    assert objects.content(bucket, "large") == bytes(LARGE)


def test_without_the_role_nothing_is_signed(place: Place, objects: ObjectStore, tmp_path: Path) -> None:
    keys = place.user("casey")
    place.role("deploy")
    write(place, keys, objects, objects.bucket(), tmp_path)
    assert place.server.logged('"code":"AccessDenied"')
    assert objects.asked
    assert [one for one in objects.asked if "authorization" in one.headers] == []
