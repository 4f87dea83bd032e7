"""The package's own examples are true, and it can be used alone."""

from __future__ import annotations

import doctest
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import msgspec

import vestry.policy
from vestry.policy.kinds import DocumentKind
from vestry.policy.outcome import Layer, Outcome
from vestry.policy.request import Kind


def test_the_examples_of_the_package_are_true() -> None:
    result = doctest.testmod(vestry.policy, raise_on_error=False)
    assert result.attempted > 10
    assert result.failed == 0


def test_the_examples_of_the_documents_are_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "policy.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert (result.attempted, result.failed) == (4, 0)


MODULES = [
    import_module(f"vestry.policy.{found.name}") for found in pkgutil.iter_modules(vestry.policy.__path__)
]
#: What is being built while a document is read.
GROWING = {"Draft", "Fault", "Node", "Placed", "Reading"}


def test_values_never_change() -> None:
    """Compiled policies, requests and decisions are shared: whatever is made of them is made anew."""
    classes = {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and value.__module__ == module.__name__
    }
    assert {one.__name__ for one in classes if not one.__struct_config__.frozen} == GROWING
    assert len(classes) > 20


def test_what_a_module_offers_it_has() -> None:
    for module in MODULES:
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{module.__name__}.{name}"


def test_the_words_of_reports_and_files() -> None:
    assert " ".join(Outcome) == "allowed explicitDeny implicitDeny"
    assert " ".join(Layer) == (
        "service-control resource-control resource trust identity boundary session root"
    )
    assert " ".join(DocumentKind) == (
        "managed inline trust session service-control resource-control resource library"
    )
    assert " ".join(Kind) == "root user role federated-user federated service anonymous"


def test_nothing_else_of_ours_and_no_io_is_imported() -> None:
    program = (
        "import sys, vestry.policy.explain, vestry.policy.document, vestry.policy.sentences, vestry.policy.simulate\n"
        "ours = {name.split('.')[1] for name in sys.modules if name.startswith('vestry.')}\n"
        "print(sorted(ours), sorted({'socket', 'sqlite3', 'asyncio', 'logging'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "['arn', 'errors', 'limits', 'policy'] []"
