"""The conformance table names tests that exist, and each of them runs."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.conformance.client import CLIENT
from tests.conformance.faults import FAULTS
from tests.conformance.real_world import REAL_WORLD
from tests.conformance.row import Row
from tests.conformance.server import SERVER
from tests.conformance.wire import WIRE
from tests.paths import TESTS


@cache
def defined(file: str) -> frozenset[str]:
    """Return the names of what pytest collects of a file below `tests/`: functions, classes, assigned classes."""
    names = set()
    for node in ast.parse((TESTS / file).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return frozenset(name for name in names if name.startswith(("test_", "Test")))


@pytest.mark.parametrize("row", [*WIRE, *CLIENT, *SERVER, *REAL_WORLD, *FAULTS], ids=lambda row: row.statement)
def test_every_statement_has_tests_that_exist(row: Row) -> None:
    assert row.tests, "a statement without a test"
    for test in row.tests:
        file, _, name = test.partition("::")
        assert name in defined(file), f"{file} has no {name}"


def test_no_statement_is_listed_twice() -> None:
    statements = [row.statement for row in (*WIRE, *CLIENT, *SERVER, *REAL_WORLD, *FAULTS)]
    assert len(statements) == len(set(statements))
