"""Fixtures of the end-to-end tests: `lab`, `open_notebook` and `sound_card`."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.e2e.lab import Lab, start_lab
from tests.e2e.opening import NotebookOpener
from tests.harness.browsers import Browsers
from tests.harness.page_openers import add_pages, closed_at_the_end
from tests.harness.sound_card import SoundCard

_LOG_LINES = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this directory."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.alone)
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Generator[Lab]:
    """Run one JupyterLab for all tests of the session."""
    running = start_lab(tmp_path_factory.mktemp("lab"))
    yield running
    running.stop()


@pytest.fixture(scope="package")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Browsers]:
    """Keep the browsers of all tests; none is left for tests of other directories, whose event loops it would block."""
    browsers = Browsers(tmp_path_factory.mktemp("browsers"))
    yield browsers
    browsers.close()


@pytest.fixture
def open_notebook(lab: Lab, browsers: Browsers) -> Generator[NotebookOpener]:
    """Open notebooks; at the end, fail on errors of the pages that were not allowed."""
    yield from closed_at_the_end(NotebookOpener(lab, browsers))


@pytest.fixture(scope="module")
def open_shared_notebook(lab: Lab, browsers: Browsers) -> Generator[NotebookOpener]:
    """As `open_notebook`, for all tests of a module."""
    yield from closed_at_the_end(NotebookOpener(lab, browsers))


@pytest.fixture
def sound_card() -> Generator[SoundCard]:
    """Run a sound server of the test's own; request it before `open_notebook`, whose browser leaves first."""
    card = SoundCard()
    yield card
    card.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the server's log, the pages' errors and screenshots under a failed test."""
    report = yield
    fixtures: dict[str, object] = getattr(item, "funcargs", {})
    if report.failed:
        add_pages(report, fixtures)
        match fixtures.get("lab"):
            case Lab(log=log):
                lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
                report.sections.append(("JupyterLab's log", "\n".join(lines)))
    return report
