"""The conversation in the panel, however long it gets."""

from __future__ import annotations

import pytest

from tests.e2e.calls import CALL, press, wait_for_state
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener

SERVER = """
import asyncio
from micdrop_widget import MicdropServer, MicdropWidget

wanted = 0

async def say_what_is_wanted(server_call):
    said = 0
    while True:
        while said < wanted:
            await server_call.send_message("user", f"item {said}")
            said += 1
        await asyncio.sleep(0.02)

server = MicdropServer(greeting=say_what_is_wanted).start()
"""

ROWS = "[...document.querySelectorAll('.micdrop-utterance .micdrop-words')].map((row) => row.textContent)"
AT_END = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)"
LIST = "document.querySelector('[data-testid=conversation]')"


@pytest.fixture
def notebook(open_notebook: NotebookOpener) -> Notebook:
    opened = open_notebook([SERVER, CALL])
    opened.run_cell(0)
    opened.run_cell(1)
    press(opened, "start")
    wait_for_state(opened, isStarted=True)
    return opened


def say(notebook: Notebook, until: int) -> None:
    notebook.kernel.execute(f"wanted = {until}")
    notebook.kernel.until(f"len(call.conversation) == {until}")


def rows(notebook: Notebook) -> list[str]:
    return list(notebook.page.evaluate(ROWS))


def items(first: int, last: int) -> list[str]:
    return [f"item {number}" for number in range(first, last)]


def test_the_end_of_a_long_conversation_is_drawn_and_the_rest_is_a_click_away(notebook: Notebook) -> None:
    earlier = notebook.page.locator(".micdrop-earlier")
    say(notebook, 75)
    notebook.until(f"() => {ROWS}.length === 75")
    assert earlier.is_hidden()
    say(notebook, 220)
    notebook.until(f"() => {ROWS}.at(-1) === 'item 219'")
    drawn = rows(notebook)
    assert 50 <= len(drawn) <= 75
    assert drawn == items(220 - len(drawn), 220)
    assert earlier.text_content() == f"Earlier ({220 - len(drawn)})"
    notebook.until(f"() => {AT_END}({LIST})")
    earlier.scroll_into_view_if_needed()
    top = notebook.page.evaluate("() => document.querySelector('.micdrop-utterance').getBoundingClientRect().top")
    earlier.click()
    assert rows(notebook) == items(0, 220)
    assert earlier.is_hidden()
    first_drawn = f"[...document.querySelectorAll('.micdrop-utterance')].at(-{len(drawn)})"
    moved = notebook.page.evaluate(f"() => {first_drawn}.getBoundingClientRect().top") - top
    assert abs(moved) < 60, "what was looked at has stayed, but for the button that is gone"
    say(notebook, 400)
    notebook.until(f"() => {ROWS}.length === 400")


def test_a_reader_of_what_was_said_before_keeps_it(notebook: Notebook) -> None:
    say(notebook, 70)
    notebook.until(f"() => {ROWS}.length === 70")
    notebook.page.evaluate(f"() => {{ {LIST}.scrollTop = 0; }}")
    notebook.until("() => !document.querySelector('.micdrop-to-end').hidden")
    say(notebook, 260)
    notebook.until(f"() => {ROWS}.length === 260")
    assert notebook.page.evaluate(f"() => {LIST}.scrollTop") == 0
    notebook.page.locator(".micdrop-to-end").click()
    say(notebook, 261)
    notebook.until(f"() => {ROWS}.length === 50")
    assert rows(notebook) == items(211, 261)
