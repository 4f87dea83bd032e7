"""A policy document as values: what the text says, read once. These come only from parsing (see `document`)."""

from __future__ import annotations

import msgspec


class Principals(msgspec.Struct, frozen=True, gc=False):
    """A Principal or NotPrincipal element: per type the values as written; `everyone` for a whole `*`."""

    everyone: bool = False  # "*" or {"AWS": "*"} (also among others in the list)
    aws: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    federated: tuple[str, ...] = ()
    canonical_user: tuple[str, ...] = ()


class Condition(msgspec.Struct, frozen=True, gc=False):
    """One key under one operator: `[quantifier:]operator[IfExists]`, the key as written, values as strings."""

    operator: str  # the canonical name, e.g. "StringEquals", without quantifier or IfExists
    key: str
    values: tuple[str, ...]
    quantifier: str = ""  # "", "ForAllValues" or "ForAnyValue"
    if_exists: bool = False


class Statement(msgspec.Struct, frozen=True, gc=False):
    """One statement. Exactly one of `actions`/`not_actions` is not None; likewise resources where present."""

    allow: bool
    sid: str = ""
    principals: Principals | None = None
    not_principals: Principals | None = None
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    conditions: tuple[Condition, ...] = ()


class Document(msgspec.Struct, frozen=True, gc=False):
    """A parsed policy. `version` is "2008-10-17" where the text has none."""

    version: str
    statements: tuple[Statement, ...]
    id: str = ""
