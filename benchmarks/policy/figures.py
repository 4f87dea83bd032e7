"""Vestry's own figures: compiling, the memory of a role, and patterns made to be slow."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable

from benchmarks.policy.workload import ACCOUNT, FAMILIES
from vestry.access.authorize import identity_policies
from vestry.access.documents import Documents
from vestry.directory.entities import Role, Settings
from vestry.directory.snapshot import Account
from vestry.policy.compile import compile_document, compile_set
from vestry.policy.decide import Layers
from vestry.policy.document import DocumentKind, parse_document
from vestry.policy.pattern import resource_pattern

TOGETHER = 10
ROLES = 10_000
TRUST = f'{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"sts:AssumeRole"}}}}'


def compile_rates(statements: int) -> dict[str, float]:
    """Return statements a second of each step from the text of documents to an index, and of all steps together."""
    rows = FAMILIES["plain"].statements(statements)
    texts = [
        json.dumps({"Version": "2012-10-17", "Statement": rows[start : start + TOGETHER]})
        for start in range(0, statements, TOGETHER)
    ]
    gc.collect()
    gc.freeze()
    began = time.process_time()
    documents = [parse_document(text, DocumentKind.LIBRARY) for text in texts]
    read = time.process_time()
    compiled = [compile_document(document) for document in documents]
    made = time.process_time()
    compile_set(compiled).candidates("s3:getobject", "*")
    ended = time.process_time()
    gc.unfreeze()
    return {
        "reading the text": statements / (read - began),
        "compiling": statements / (made - read),
        "indexing": statements / (ended - made),
        "all three": statements / (ended - began),
    }


def role_bytes() -> float:
    """Return what one more compiled role costs: every layer of it, where ROLES roles share three documents.

    That is what a role's policies come to when they are looked up for a decision, held for all roles at once; the
    texts belong to the directory and are not counted. The compiled documents are, once.
    """
    inline = [
        json.dumps({"Version": "2012-10-17", "Statement": FAMILIES["plain"].statements(size)})
        for size in (5, 10)
    ]
    roles = [
        Role(
            ACCOUNT,
            f"AROA{n:017}",
            f"role-{n}",
            "/",
            0,
            TRUST,
            inline=(("one", inline[0]), ("two", inline[1])),
        )
        for n in range(ROLES)
    ]
    account = Account(Settings(ACCOUNT, "company", "", 0))
    documents = Documents()
    gc.collect()
    tracemalloc.start()
    held = [
        Layers(
            identity=identity_policies(role, account, documents),
            resource=documents.trust(role.trust),
            resource_is_trust=True,
        )
        for role in roles
    ]
    for layers in held[:1]:
        for policy in layers.identity:
            policy.candidates("s3:getobject", "*")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / len(held)


#: Patterns whose every star could give way to every other, were they tried one after another.
HOSTILE: dict[str, Callable[[int], str]] = {
    "*a*a*a…b*": lambda size: "*a" * (size // 2) + "b*",
    "*a?a*a?a…b*": lambda size: "*a?a" * (size // 4) + "b*",
    "*a?a?a…b*": lambda size: "*" + "a?" * (size // 2) + "b*",
    "arn:aws:s*a*a…b:*": lambda size: "arn:aws:s" + "*a" * (size // 2 - 6) + "b:*",
}
LENGTHS = (64, 256, 1024)


def hostile_times() -> dict[str, list[tuple[int, int, float]]]:
    """Return, for each hostile pattern, (length of the pattern, length of the text, seconds a match)."""
    return {
        name: [
            (size, length, _match(make(size), "arn:aws:s" + "a" * (length - 9)))
            for size in LENGTHS
            for length in LENGTHS
        ]
        for name, make in HOSTILE.items()
    }


def _match(pattern: str, text: str) -> float:
    """Return the seconds of one match; best of several."""
    compiled = resource_pattern(pattern, variables=True)

    def absent(_key: str) -> None:
        return None

    best = 1.0
    for _ in range(5):
        began = time.process_time()
        for _ in range(20):
            assert not compiled.matches(text, absent)
        best = min(best, (time.process_time() - began) / 20)
    return best
