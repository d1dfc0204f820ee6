"""A page as it is before the user has clicked anything: whatever playwright evaluates counts as a user's gesture."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext

from micdrop_widget import MicdropWidget
from tests.harness.taps import TAPS_JS

__all__ = ["UntouchedPage"]


class UntouchedPage:
    """A page that shows a call, and is read without a gesture.

    Parameters
    ----------
    address
        Of the page, with what it shows.
    script
        Runs before the page's own, after the taps.
    """

    def __init__(self, context: BrowserContext, address: str, call: MicdropWidget, *, script: str) -> None:
        self.call = call
        self._page = context.new_page()
        self._page.add_init_script(path=TAPS_JS)
        self._page.add_init_script(script)
        self._protocol = context.new_cdp_session(self._page)
        self._page.goto(address)
        self.until("window.__page?.isReady()")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; awaits a promise."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True, "userGesture": False}
        answer = self._protocol.send("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, condition: str, *, timeout: float = 15) -> None:
        """Wait until a JavaScript expression is true.

        Raises
        ------
        TimeoutError
            It never was.
        """
        reached = self.evaluate(
            f"""new Promise((resolve) => {{
              const end = performance.now() + {timeout * 1000};
              const poll = () => {{
                if ({condition}) resolve(true);
                else if (performance.now() > end) resolve(false);
                else setTimeout(poll, 20);
              }};
              poll();
            }})"""
        )
        if not reached:
            raise TimeoutError(f"{condition} is not true after {timeout} s")

    def click(self, selector: str) -> None:
        """Click the middle of an element, as the user does."""
        middle = self.evaluate(
            f"""(() => {{
              const element = document.querySelector({selector!r});
              element.scrollIntoView({{ block: "center" }});
              const {{ x, y, width, height }} = element.getBoundingClientRect();
              return [x + width / 2, y + height / 2];
            }})()"""
        )
        self._page.mouse.click(*middle)
