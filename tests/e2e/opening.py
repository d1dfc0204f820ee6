"""Opening notebooks, each in a fresh context of a browser, and closing what was opened."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error

from tests.e2e.lab import TRACKER, Lab
from tests.e2e.notebook import Interface, Notebook
from tests.harness.browsers import Browsers
from tests.harness.chromium import Microphone, Permission

_numbers = itertools.count(1)


class NotebookOpener:
    """Callable that opens a notebook; one a test."""

    def __init__(self, lab: Lab, browsers: Browsers) -> None:
        self.notebooks: list[Notebook] = []
        self._lab = lab
        self._browsers = browsers
        self._contexts: list[BrowserContext] = []

    def __call__(
        self,
        cells: Sequence[str],
        *,
        microphone: Microphone = None,
        microphone_loops: bool = False,
        permission: Permission = "granted",
        autoplay_needs_gesture: bool = False,
        tap_microphone: bool = False,
        is_tapped: bool = True,
        bypass_csp: bool = False,
        interface: Interface = "lab",
        windowing: str | None = "none",
        arguments: tuple[str, ...] = (),
    ) -> Notebook:
        """Write a notebook of code cells, open it in a fresh context, wait until its kernel is idle.

        Parameters
        ----------
        cells
            The source of each code cell; none of them is run.
        microphone, microphone_loops, permission, autoplay_needs_gesture, arguments
            As in `launch_chromium`.
        tap_microphone
            Also record what the page's microphone sources deliver: ``notebook.taps("microphone")``.
        is_tapped
            False: nothing is recorded in any page of the context, and costs nothing.
        bypass_csp
            As of `Browsers.context`.
        interface
            JupyterLab, or Notebook 7.
        windowing
            Which cells JupyterLab keeps in the page; None is its default.
        """
        self._lab.reset_settings({TRACKER: {} if windowing is None else {"windowingMode": windowing}})
        name = f"notebook-{next(_numbers)}"
        write_notebook(self._lab.root / f"{name}.ipynb", cells)
        context = self._browsers.context(
            microphone=microphone,
            microphone_loops=microphone_loops,
            permission=permission,
            autoplay_needs_gesture=autoplay_needs_gesture,
            arguments=arguments,
            bypass_csp=bypass_csp,
        )
        self._contexts.append(context)
        if tap_microphone:
            context.add_init_script("window.__tapMicrophone = true")
        if not is_tapped:
            context.add_init_script("window.__untapped = true")
        notebook = Notebook(self._lab, context, f"{name}.ipynb", name, interface)
        self.notebooks.append(notebook)
        return notebook

    def tab(self, notebook: Notebook) -> Notebook:
        """Open the same notebook, and so the same kernel, in a second tab of the same browser."""
        workspace = f"tab-{next(_numbers)}"
        second = Notebook(self._lab, notebook.page.context, notebook.path, workspace)
        self.notebooks.append(second)
        return second

    def somebody_else(self, notebook: Notebook, **settings: Any) -> Notebook:
        """Open the same notebook in a context of its own, as another person does; settings as of `launch_chromium`."""
        context = self._browsers.context(**settings)
        self._contexts.append(context)
        other = Notebook(self._lab, context, notebook.path, f"person-{next(_numbers)}")
        self.notebooks.append(other)
        return other

    def unexpected_errors(self) -> list[str]:
        """Return what the pages complained of and no test allowed."""
        return [error for notebook in self.notebooks for error in notebook.errors.unexpected()]

    def describe(self) -> str:
        """Write a screenshot of every open page; return where they are and what the pages complained of."""
        lines: list[str] = []
        for notebook in self.notebooks:
            lines += [f"{notebook.path}: {error}" for error in notebook.errors.all]
            try:
                lines.append(str(notebook.screenshot(self._browsers.home / f"failed-{next(_numbers)}.png")))
            except Error as error:  # the page is closed or has crashed
                lines.append(f"{notebook.path}: no screenshot: {error.message}")
        return "\n".join(lines)

    def close(self) -> None:
        """Close all pages and end their kernels. Idempotent."""
        for notebook in self.notebooks:  # all clients first: a kernel that has ended answers none
            notebook.close()
        for context in self._contexts:
            context.close()
        self._browsers.end_test()
        for notebook in self.notebooks:
            notebook.shut_down_kernel()
        self._contexts, self.notebooks = [], []


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    code: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(cells)
    ]
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    content = {"cells": code, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))
