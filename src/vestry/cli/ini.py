"""Editing AWS's INI files as text: the lines that are not meant stay as they are, comments and order included.

Reads them as botocore does: options are `key = value` at the beginning of a line, whatever the case of the key;
indented lines below belong to the option above; a section may be written `[profile name]` or `[profile "name"]`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

#: Tells whether the text between a section's brackets is the section that is meant.
Meant = Callable[[str], bool]

_HEADER = re.compile(r"\s*\[(?P<title>.+)\]")
_OPTION = re.compile(r"(?P<key>[^\s#;\[:=][^:=]*?)\s*[:=](?P<value>.*)")


def profile_section(name: str) -> Meant:
    """Return what recognizes the section of a profile in the config file."""

    def meant(title: str) -> bool:
        try:
            words = shlex.split(title)
        except ValueError:
            return False
        return words == ["profile", name] or (name == "default" and words == ["default"])

    return meant


def credentials_section(name: str) -> Meant:
    """Return what recognizes the section of a profile in the credentials file."""
    return lambda title: title.strip() == name


def read_section(text: str, meant: Meant) -> dict[str, str]:
    """Return a section's options by lower-case key; empty where there is no such section."""
    lines = text.splitlines()
    found = {}
    for index, key in _options(lines, *_bounds(lines, meant)):
        option = _OPTION.match(lines[index])
        found[key] = option["value"].strip() if option else ""
    return found


def write_section(
    text: str, title: str, meant: Meant, values: Mapping[str, str], without: Collection[str] = ()
) -> str:
    """Return `text` with `values` set in a section, and the options named by `without` gone from it.

    The section is added at the end as `[title]` where it is missing. Every other line stays.
    """
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    start, end = _bounds(lines, meant)
    if start == end == 0:
        if lines and lines[-1].strip():
            lines.append("")
        lines += [f"[{title}]", *(f"{key} = {value}" for key, value in values.items())]
        return ending.join(lines) + ending
    missing = dict(values)
    body: list[str] = []
    places = dict(_options(lines, start, end))
    dropping = False
    for index in range(start, end):
        line = lines[index]
        key = places.get(index)
        if key is not None:
            dropping = key in values or key in without
            if key in missing:
                body.append(f"{key} = {missing.pop(key)}")
        elif not line.strip() or not line[0].isspace():
            dropping = False  # a blank or a comment: it does not belong to the option above
        if not dropping:
            body.append(line)
    trailing = 0
    while trailing < len(body) and not body[-1 - trailing].strip():
        trailing += 1
    body[len(body) - trailing : len(body) - trailing] = [f"{key} = {value}" for key, value in missing.items()]
    return ending.join([*lines[:start], *body, *lines[end:]]) + ending


def _bounds(lines: Sequence[str], meant: Meant) -> tuple[int, int]:
    """Return the lines of a section, its header left out, as a half-open range; (0, 0) where it is missing."""
    start = 0
    for index, line in enumerate(lines):
        header = _HEADER.match(line)
        if header is None:
            continue
        if start:
            return start, index
        if meant(header["title"]):
            start = index + 1
    return (start, len(lines)) if start else (0, 0)


def _options(lines: Sequence[str], start: int, end: int) -> Iterator[tuple[int, str]]:
    """Yield the line and the lower-case key of each option in a range."""
    for index in range(start, end):
        option = _OPTION.match(lines[index])
        if option is not None:
            yield index, option["key"].lower()
