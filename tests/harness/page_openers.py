"""What the tests of bare pages and of JupyterLab do alike with the pages they open."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeVar, runtime_checkable

import pytest

__all__ = ["PageOpener", "add_pages", "closed_at_the_end"]


@runtime_checkable
class PageOpener(Protocol):
    """What opens pages for a test, and closes them."""

    def unexpected_errors(self) -> list[str]:
        """Return the errors of the pages that the test did not allow."""

    def close(self) -> None:
        """Close all pages."""

    def describe(self) -> str:
        """Return what the pages showed and reported, for a test that failed."""


_Opener = TypeVar("_Opener", bound=PageOpener)


def closed_at_the_end(opener: _Opener) -> Generator[_Opener]:
    """Be a fixture that closes the pages, and fails on errors of theirs that were not allowed."""
    yield opener
    errors = opener.unexpected_errors()
    opener.close()
    if errors:
        pytest.fail("the page reported errors:\n" + "\n".join(errors), pytrace=False)


def add_pages(report: pytest.TestReport, fixtures: dict[str, object]) -> None:
    """Put the pages' errors and screenshots under a failed test."""
    for fixture in fixtures.values():
        if isinstance(fixture, PageOpener):
            report.sections.append(("pages", fixture.describe()))
