"""Browsers that tests share: one for each microphone and permission, with a fresh context for each test."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from tests.harness.chromium import launch_chromium
from tests.harness.sound_card import SoundCard

__all__ = ["Browsers"]

_MOST = 2
"""Browsers that are kept at once: an idle one costs memory."""


class Browsers:
    """Gives contexts of browsers that are started when they are needed first.

    A browser's fake microphone says its WAV from the start when the first track opens, and again from the start
    when all tracks have ended and one opens anew: so calls, one after the other, may share it.

    Parameters
    ----------
    home
        For what the browsers write.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._numbers = itertools.count(1)
        self._driver: Playwright | None = None
        self._browsers: dict[tuple[tuple[str, Any], ...], Browser] = {}

    def context(self, *, bypass_csp: bool = False, **settings: Any) -> BrowserContext:
        """Return a fresh context of a browser with these settings, as of `launch_chromium`.

        A page whose security policy allows nothing but its own has no taps, unless the policy is bypassed.
        """
        key = tuple(sorted(settings.items()))
        browser = self._browsers.pop(key, None)
        if browser is None:
            while len(self._browsers) >= _MOST:
                self._browsers.pop(next(iter(self._browsers))).close()
            if self._driver is None:
                self._driver = sync_playwright().start()
            browser = launch_chromium(self._driver, self.home / f"browser-{next(self._numbers)}", **settings)
        self._browsers[key] = browser  # the newest is the last
        return browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=bypass_csp)

    def end_test(self) -> None:
        """Close the browsers that use what ends with a test: its sound card."""
        for key, browser in [*self._browsers.items()]:
            if isinstance(dict(key).get("microphone"), SoundCard):
                del self._browsers[key]
                browser.close()

    def close(self) -> None:
        """End every browser and the driver; the next context starts anew."""
        for browser in self._browsers.values():
            browser.close()
        self._browsers.clear()
        if self._driver is not None:
            self._driver.stop()
            self._driver = None
