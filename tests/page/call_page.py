"""A page that shows calls, as a test holds it."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import BrowserContext, Locator
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from micdrop_widget import MicdropWidget
from micdrop_widget.audio import Pcm
from tests.harness.page_errors import PageErrors
from tests.harness.taps import TAPS_JS, Tap, Track, read_taps, read_tracks

__all__ = ["CallPage"]


class CallPage:
    """One page; its views of calls count from 0, in the order in which they were shown. Timeouts are in seconds.

    Parameters
    ----------
    address
        Of the page, without what it shows.
    calls
        What it shows, one view each.
    script
        Runs in the page before everything else.

    Attributes
    ----------
    page
        Playwright's page, for what has no method here.
    errors
        What fails the test at its end, unless it is allowed.
    """

    def __init__(
        self, context: BrowserContext, address: str, calls: tuple[MicdropWidget, ...], *, script: str = ""
    ) -> None:
        self.page = context.new_page()
        self.errors = PageErrors(self.page)
        self.page.set_default_timeout(15_000)
        self.page.add_init_script(path=TAPS_JS)
        if script:
            self.page.add_init_script(script)
        views = "".join(f"&show={call.model_id}" for call in calls)
        self.page.goto(address + views)
        self.until("() => window.__page?.isReady()")

    def show(self, call: MicdropWidget) -> None:
        """Show one more view of a call."""
        self.until("model => window.__page.has(model)", call.model_id)
        self.page.evaluate("model => window.__page.show(model)", call.model_id)

    def remove(self, view: int) -> None:
        """Remove a view, as running its cell again does."""
        self.page.evaluate("view => window.__page.remove(view)", view)

    def reload(self) -> None:
        """Load the page anew, and show what it was opened with."""
        self.page.reload()
        self.until("() => window.__page?.isReady()")

    def close(self) -> None:
        """Close the page as a user does."""
        self.page.close(run_before_unload=False)

    def part(self, name: str, view: int = 0) -> Locator:
        """Locate a part of a view by its test id."""
        return self.page.locator(".view").nth(view).get_by_test_id(name)

    def press(self, button: str, view: int = 0) -> None:
        """Press a button of the panel."""
        self.part(button, view).click()

    def text(self, part: str, view: int = 0) -> str:
        """Return what a part of the panel says."""
        return self.part(part, view).inner_text()

    def wait_for_text(self, text: str, part: str = "state", view: int = 0) -> None:
        """Wait until a part of the panel says this: it follows the traits a moment later."""
        self.part(part, view).filter(has_text=text).wait_for()

    def until(self, script: str, argument: Any = None, *, timeout: float = 15) -> None:
        """Wait until a JavaScript function returns something true.

        Raises
        ------
        TimeoutError
            It never did.
        """
        try:
            self.page.wait_for_function(script, arg=argument, polling=20, timeout=timeout * 1000)
        except PlaywrightTimeout:
            raise TimeoutError(f"{script} ({argument!r}) is not true after {timeout} s") from None

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression or function."""
        return self.page.evaluate(script)

    def tracks(self) -> list[Track]:
        """Return every track that the page was given by ``getUserMedia`` since it was loaded."""
        return read_tracks(self.page)

    def live_tracks(self) -> int:
        """Count the microphones that are on."""
        return sum(track.ready_state == "live" for track in self.tracks())

    def wait_for_live_tracks(self, count: int) -> None:
        """Wait until as many microphones are on."""
        self.until("n => window.__tracks.filter((track) => track.readyState === 'live').length === n", count)

    def taps(self, kind: str = "playback") -> list[Tap]:
        """Return what was recorded since the page was loaded, one `Tap` an AudioContext or source."""
        return [tap for tap in read_taps(self.page) if tap.kind == kind]

    def captured(self) -> Pcm:
        """Return what the only microphone source has delivered, as the capture worklet rounds it."""
        (microphone,) = self.taps("microphone")
        captured: Pcm = np.floor(microphone.samples * 32768 + 0.5).clip(-32768, 32767).astype(np.int16)
        return captured
