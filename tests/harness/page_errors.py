"""What a page complains of."""

from __future__ import annotations

import re

from playwright.sync_api import ConsoleMessage, Error, Page

__all__ = ["PageErrors"]


class PageErrors:
    """Uncaught exceptions and ``console.error`` of a page so far; `all` has them in order."""

    def __init__(self, page: Page) -> None:
        self.all: list[str] = []
        self._allowed: list[str] = []
        page.on("pageerror", self._note_exception)
        page.on("console", self._note_console)

    def allow(self, *patterns: str) -> None:
        """Let errors that match these regular expressions pass."""
        self._allowed.extend(patterns)

    def unexpected(self) -> list[str]:
        """Return the errors that were not allowed."""
        return [error for error in self.all if not any(re.search(pattern, error) for pattern in self._allowed)]

    def _note_exception(self, error: Error) -> None:
        self.all.append(f"uncaught {error.stack or error.message}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.all.append(f"console.error {message.text} ({message.location.get('url')})")
