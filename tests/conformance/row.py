"""A row of the conformance table."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Row"]


@dataclass(frozen=True)
class Row:
    """A statement, and the tests that prove it: node ids below `tests/`, without their parameters."""

    statement: str
    tests: tuple[str, ...]

    def __init__(self, statement: str, *tests: str) -> None:
        object.__setattr__(self, "statement", statement)
        object.__setattr__(self, "tests", tests)
