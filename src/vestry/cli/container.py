"""`vestry container`: tasks that get a role's credentials as containers of ECS do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from vestry.cli import operator, output
from vestry.cli.choices import Data, Database, Json
from vestry.cli.failure import Failure

Name = Annotated[str, typer.Argument(help="A task's name, or its id.", metavar="NAME")]


def create(
    name: Annotated[str, typer.Argument(help="What the task is called in its account.", metavar="NAME")],
    role: Annotated[str, typer.Option(help="The ARN of its role, which trusts ecs-tasks.amazonaws.com.")],
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="Write the authorization token into this new file, for its owner alone.", metavar="FILE"
        ),
    ] = None,
    region: Annotated[str, typer.Option(help="The region in the task's ARN.")] = "us-east-1",
    cluster: Annotated[str, typer.Option(help="The cluster in the task's ARN.")] = "default",
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Register a task with a role. How its processes get credentials is shown this once."""
    descriptor = None if token_file is None else _new_file(token_file)
    arguments = {"name": name, "role": role, "region": region, "cluster": cluster}
    try:
        made = operator.perform("container.create", arguments, data, database)
    except BaseException:
        if token_file is not None and descriptor is not None:
            os.close(descriptor)
            token_file.unlink(missing_ok=True)
        raise
    if descriptor is not None:
        with os.fdopen(descriptor, "w") as file:
            file.write(made.pop("AuthorizationToken"))
    kept = "AWS_CONTAINER_AUTHORIZATION_TOKEN" + ("" if token_file is None else "_FILE")
    lines = (
        f"Task {made['TaskId']} ({name}), with {made['RoleArn']}. Shown this once:",
        "  where 169.254.170.2 is answered:",
        f"    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI={made['RelativeUri']}",
        "  elsewhere, by the address of serve --containers:",
        f"    AWS_CONTAINER_CREDENTIALS_FULL_URI=http://ADDRESS:PORT{made['Path']}",
        f"    {kept}={made.get('AuthorizationToken') or (token_file or Path()).absolute()}",
    )
    output.answer(made, json, "\n".join(lines))


def list_containers(data: Data = None, database: Database = None, json: Json = False) -> None:
    """List the tasks, by account and name."""
    found = operator.perform("container.list", {}, data, database)
    if json or not found["Containers"]:
        output.answer(
            found, json, "There are no tasks yet. Register one: vestry container create NAME --role ARN"
        )
        return
    rows = [[row["Name"], row["TaskId"], row["RoleArn"]] for row in found["Containers"]]
    output.table(("Name", "Task", "Role"), rows)


def delete(name: Name, data: Data = None, database: Database = None, json: Json = False) -> None:
    """Delete a task: it gets no further credentials; those that it has live to their end."""
    row = operator.perform("container.delete", {"name": name}, data, database)
    output.answer(row, json, f"The task {row['Name']} is deleted.")


def _new_file(path: Path) -> int:
    """Return the descriptor of a new file (0600). Raises Failure where one is there already, or none can be made."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Failure(
            f"{path} cannot be made: {error.strerror}.", "Name a file that does not exist."
        ) from None
