"""Removals: for every statement of a file that carries a rule, the file without it.

What is removed, one at a time: a branch (its condition becomes False; True where there is an else), one part of a
condition, the filter of a comprehension, a check or effect that is called for itself, a raise, the handler of an
exception, what a predicate answers, a limit (it is doubled), a switch among arguments (it is turned), an element of a
table. Invariants (`assert`), log lines and what only builds a value stay.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from campaigns.mutant import Mutant, place


def removals(path: Path) -> list[Mutant]:
    """Return the removals of a file, in the order of its text; each compiles, and none is there twice."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(line: int | None, column: int | None) -> int:
        assert line is not None
        assert column is not None
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    made: dict[tuple[int, int, str], Mutant] = {}
    for node, text in _found(ast.parse(source)):
        start = offset(node.lineno, node.col_offset)
        end = offset(node.end_lineno, node.end_col_offset)
        if source[end : end + 1] == "," and not text:
            end += 1
        made[start, end, text] = place(path, source, start, end, text)
    return [one for _, one in sorted(made.items()) if _compiles(one)]


def _compiles(mutant: Mutant) -> bool:
    try:
        compile(mutant.mutated, str(mutant.path), "exec")
    except SyntaxError:
        return False
    return True


#: How a class is built.
_SHAPE = ("frozen", "gc", "slots", "kw_only")

Found = Iterator[tuple[ast.expr | ast.stmt, str]]


def _found(tree: ast.Module) -> Found:
    """Yield what is replaced, and by which text."""
    numbers = set[str]()
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            if isinstance(statement.value, ast.Constant) and type(statement.value.value) is int:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                numbers |= {target.id for target in targets if isinstance(target, ast.Name)}
            yield from _elements(statement.value)
    guarded = set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.If):
            guarded |= {id(one) for one in node.body}
        yield from _conditions(node)
        yield from _effects(node, guarded)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            texts = {
                id(part)
                for node in ast.walk(function)
                if isinstance(node, ast.JoinedStr)
                for part in ast.walk(node)
            }
            for statement in function.body:
                for node in ast.walk(statement):
                    if id(node) not in texts:
                        yield from _limits(node, numbers)


def _conditions(node: ast.AST) -> Found:
    match node:
        case ast.If(test=test, orelse=orelse):
            yield test, "False"
            if orelse:
                yield test, "True"
        case ast.IfExp(test=test):
            yield test, "False"
            yield test, "True"
        case ast.BoolOp(op=ast.And(), values=values):
            yield from ((value, "True") for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            yield from ((value, "False") for value in values)
        case ast.comprehension(ifs=ifs):
            yield from ((condition, "True") for condition in ifs)
        case ast.Return(value=ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()) as value):
            yield value, "False"
            yield value, "True"
        case _:
            pass


def _effects(node: ast.AST, guarded: set[int]) -> Found:
    match node:
        case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call()) as value) if "log." not in ast.unparse(
            value
        ):
            yield value, "None"
        case ast.Raise() if id(node) not in guarded:
            yield node, "pass"
        case ast.ExceptHandler(type=ast.expr() as kind):
            yield kind, "()"
        case ast.keyword(arg=name, value=ast.Constant(value=bool() as switch) as value) if name not in _SHAPE:
            yield value, str(not switch)
        case _:
            pass


def _limits(node: ast.AST, numbers: set[str]) -> Found:
    match node:
        case ast.Attribute(value=ast.Name(id="limits")):
            yield node, f"(2 * {ast.unparse(node)})"
        case ast.Name(id=name, ctx=ast.Load()) if name in numbers:
            yield node, f"(2 * {name})"
        case _:
            pass


def _elements(value: ast.expr) -> Found:
    """Yield the elements of a table with more than one; of a mapping, the keys, which become such as nobody asks for."""
    for node in ast.walk(value):
        match node:
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements) if (
                len(elements) > 1
            ):
                yield from ((element, "") for element in elements)
            case ast.Dict(keys=keys) if len(keys) > 1:
                yield from ((key, "object()") for key in keys if key is not None)
            case _:
                pass
