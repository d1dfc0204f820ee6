"""A page as it is before the user has clicked anything: whatever playwright evaluates counts as a user's gesture."""

from __future__ import annotations

import itertools
from typing import Any

from tests.e2e.notebook import Notebook
from tests.e2e.taps import TAPS_JS

_numbers = itertools.count(1)


class UntouchedPage:
    """A notebook in a second tab that is looked at without a gesture.

    Parameters
    ----------
    notebook
        The notebook, saved, in the tab it is in.
    script
        Runs before the page's own, after the taps.
    """

    def __init__(self, notebook: Notebook, *, script: str) -> None:
        lab, context = notebook.lab, notebook.page.context
        self._page = context.new_page()
        self._page.add_init_script(path=TAPS_JS)
        self._page.add_init_script(script)
        self._protocol = context.new_cdp_session(self._page)
        workspace = f"untouched-{next(_numbers)}"
        self._page.goto(f"{lab.page_url}/lab/workspaces/{workspace}/tree/{notebook.path}?reset&token={lab.token}")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; awaits a promise."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True, "userGesture": False}
        answer = self._protocol.send("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, condition: str, *, timeout: float = 30) -> None:
        """Wait until a JavaScript expression is true.

        Raises
        ------
        TimeoutError
            It never was.
        """
        reached = self.evaluate(
            f"""new Promise((resolve) => {{
              const end = Date.now() + {timeout * 1000};
              const look = () => {{
                if ({condition}) resolve(true);
                else if (Date.now() > end) resolve(false);
                else setTimeout(look, 50);
              }};
              look();
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
