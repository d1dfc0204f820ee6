"""A page that the process of a call serves itself, as a test holds it."""

from __future__ import annotations

import itertools

from playwright.sync_api import BrowserContext, Locator

from micdrop_widget.audio import Pcm
from tests.harness.page_errors import PageErrors
from tests.harness.parts import parts_played
from tests.harness.taps import TAPS_JS
from tests.page.call_page import CallPage

__all__ = ["ServedPage", "assert_whole", "parts_heard"]


class ServedPage(CallPage):
    """The page at the address of a `micdrop_widget.CallPage`.

    Parameters
    ----------
    url
        With the token.
    tapped
        Record what is played; the context must bypass the page's policy.
    """

    def __init__(self, context: BrowserContext, url: str, *, tapped: bool = True) -> None:
        self.page = context.new_page()
        self.errors = PageErrors(self.page)
        self.page.set_default_timeout(15_000)
        if tapped:
            self.page.add_init_script(path=TAPS_JS)
        self.page.goto(url)

    def reload(self) -> None:
        """Load the page anew."""
        self.page.reload()

    def part(self, name: str, view: int = 0) -> Locator:
        """Locate a part of the panel by its test id."""
        return self.page.get_by_test_id(name)


def parts_heard(page: CallPage, answer: Pcm) -> list[tuple[int, int]]:
    """Return which parts of an answer, in which every place is unlike any other, a page has played, in order."""
    return parts_played(page.taps(), answer)


def assert_whole(parts: list[tuple[int, int]], answer: Pcm) -> None:
    """Check that the parts of an answer are all of it, and that next to nothing was heard twice."""
    ordered = sorted(parts)
    assert ordered[0][0] == 0
    assert abs(max(end for _, end in ordered) - len(answer)) < 320
    # A page does not play again what it has played before: a moment at the other page may lie within that.
    ends = itertools.accumulate((end for _, end in ordered), max)
    for end, (start, _) in zip(ends, ordered[1:], strict=False):
        assert 0 <= end - start < 16_000, ordered
