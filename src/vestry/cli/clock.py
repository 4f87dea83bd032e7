"""`vestry clock`: the session clock of a server that was started for tests."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from vestry.cli import operator, output
from vestry.cli.choices import Data, Database, Json

_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1, "": 1}
_DURATION = re.compile(r"(?:[0-9]{1,9}[wdhms])+|[0-9]{1,9}", re.ASCII)
_PART = re.compile(r"([0-9]+)([wdhms]?)", re.ASCII)


def advance(
    duration: Annotated[
        str,
        typer.Argument(help="How far: 2h, 90m, 1h30m, 1d; a plain number is seconds.", metavar="DURATION"),
    ],
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Move the session clock of a server started with --test-clock forward; signatures keep to the real time."""
    seconds = read_duration(duration)
    found = operator.perform("clock.advance", {"seconds": seconds}, data, database)
    output.answer(found, json, f"It is now {found['Now']} for sessions, {_ahead(found['OffsetSeconds'])}.")


def show(data: Data = None, database: Database = None, json: Json = False) -> None:
    """Show the clocks of the running server: sessions', and the real time, which judges signatures."""
    found = operator.perform("clock.show", {}, data, database)
    movable = "a test clock" if found["TestClock"] else "not a test clock"
    sentence = (
        f"sessions {found['Now']} ({movable}, {_ahead(found['OffsetSeconds'])})\nwall     {found['Wall']}"
    )
    output.answer(found, json, sentence)


def read_duration(text: str) -> int:
    """Return a duration in seconds; what is none is a usage error."""
    if _DURATION.fullmatch(text) is None:
        raise typer.BadParameter(f"{text!r} is no duration: write 2h, 90m, 1h30m, 1d or a number of seconds")
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def _ahead(seconds: int) -> str:
    if not seconds:
        return "the real time"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (rest, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) + " ahead of the real time"
