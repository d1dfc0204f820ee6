"""What is typed on the panel's buttons, and how their focus looks: only JupyterLab has the commands and the style."""

from __future__ import annotations

from tests.e2e.opening import NotebookOpener

PANEL = """
from micdrop_widget import MicdropWidget
call = MicdropWidget()
call
"""

CELLS = "document.querySelectorAll('.jp-Notebook .jp-Cell').length"
FOCUS = (
    "() => (({outlineStyle, outlineOffset}) => [outlineStyle, outlineOffset])(getComputedStyle(document.activeElement))"
)


def test_letters_on_a_button_are_no_commands_and_its_focus_is_seen(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([PANEL, "1 + 1"])
    notebook.run_cell(0)
    cells = notebook.page.evaluate(CELLS)
    start = notebook.cell(0).get_by_test_id("start").element_handle()
    notebook.cell(0).get_by_test_id("state").click()  # makes it the active cell
    notebook.cell(0).get_by_test_id("devices").focus()
    notebook.page.keyboard.press("Tab")
    assert notebook.page.evaluate("document.activeElement.dataset.testid") == "start"
    assert notebook.page.evaluate(FOCUS) == ["solid", "2px"]
    for key in "mddx":
        notebook.page.keyboard.press(key)
    assert notebook.page.evaluate(CELLS) == cells
    assert start.is_visible()
    notebook.page.keyboard.press("Shift+Enter")  # a command still: it runs the cell, which draws another panel
    notebook.until("start => !start.isConnected", start)
