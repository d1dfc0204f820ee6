"""Fixtures of the page tests: `open_call` for a test, `open_shared_call` for a module whose tests look at one call."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.harness.browsers import Browsers
from tests.harness.page_openers import add_pages, closed_at_the_end
from tests.page.bridge import Bridge, bridged
from tests.page.calls import Opener


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this directory."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.alone)
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def bridge() -> Generator[Bridge]:
    """Carry the messages of all widgets to the pages."""
    with bridged() as bridge:
        yield bridge


@pytest.fixture(scope="package")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Browsers]:
    """Keep the browsers of all tests; none is left for tests of other directories, whose event loops it would block."""
    browsers = Browsers(tmp_path_factory.mktemp("browsers"))
    yield browsers
    browsers.close()


@pytest.fixture
def open_call(bridge: Bridge, browsers: Browsers) -> Generator[Opener]:
    """Open calls; at the end, fail on errors of the pages that were not allowed."""
    yield from closed_at_the_end(Opener(bridge, browsers))


@pytest.fixture(scope="module")
def open_shared_call(bridge: Bridge, browsers: Browsers) -> Generator[Opener]:
    """As `open_call`, for all tests of a module."""
    yield from closed_at_the_end(Opener(bridge, browsers))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the pages' errors and screenshots under a failed test."""
    report = yield
    if report.failed:
        add_pages(report, getattr(item, "funcargs", {}))
    return report
