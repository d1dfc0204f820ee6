"""The conversation in the panel, however long it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from micdrop_widget.server import ServerCall
from tests.page.call_page import CallPage
from tests.page.calls import HeldCall, Opener, wait_until

ROWS = "[...document.querySelectorAll('.micdrop-utterance .micdrop-words')].map((row) => row.textContent)"
AT_END = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)"
LIST = "document.querySelector('[data-testid=conversation]')"
TOP = "() => document.querySelector('.micdrop-utterance').getBoundingClientRect().top"
OUTSIDE = """
(() => {
  const panel = document.querySelector(".micdrop").getBoundingClientRect();
  const buttons = [...document.querySelectorAll(".micdrop button")].filter((button) => button.offsetParent !== null);
  return buttons
    .map((button) => [button.dataset.testid, button.getBoundingClientRect()])
    .filter(([, box]) => box.left < panel.left || box.right > panel.right + 0.5 || box.right > innerWidth)
    .map(([name]) => name);
})()
"""

Say = Callable[[int], None]


class Talker:
    """Says numbered items, as many as are wanted."""

    def __init__(self) -> None:
        self.wanted = 0

    async def greet(self, call: ServerCall) -> None:
        said = 0
        while True:
            while said < self.wanted:
                await call.send_message("user", f"item {said}")
                said += 1
            await asyncio.sleep(0.01)


@pytest.fixture
def talker() -> Talker:
    return Talker()


@pytest.fixture
def held(open_call: Opener, talker: Talker) -> HeldCall:
    held = open_call(open_call.serve(greeting=talker.greet))
    held.start()
    return held


@pytest.fixture
def say(held: HeldCall, talker: Talker) -> Say:
    """Return what lets the conversation grow to a length."""

    def say(until: int) -> None:
        talker.wanted = until
        wait_until(lambda: len(held.call.conversation) == until)

    return say


def rows(page: CallPage) -> list[str]:
    return list(page.evaluate(ROWS))


def items(first: int, last: int) -> list[str]:
    return [f"item {number}" for number in range(first, last)]


def test_a_short_conversation_is_drawn_whole(held: HeldCall, say: Say) -> None:
    say(75)
    held.page.until(f"() => {ROWS}.length === 75")
    assert held.page.page.locator(".micdrop-earlier").is_hidden()


@pytest.fixture
def drawn(held: HeldCall, say: Say) -> list[str]:
    """Return what is drawn of a conversation of 220 items."""
    say(75)
    held.page.until(f"() => {ROWS}.length === 75")
    say(220)
    held.page.until(f"() => {ROWS}.at(-1) === 'item 219'")
    return rows(held.page)


def test_the_end_of_a_long_conversation_is_drawn(held: HeldCall, drawn: list[str]) -> None:
    assert 50 <= len(drawn) <= 75
    assert drawn == items(220 - len(drawn), 220)
    held.page.until(f"() => {AT_END}({LIST})")


def test_the_rest_of_a_long_conversation_is_a_click_away(held: HeldCall, drawn: list[str], say: Say) -> None:
    earlier = held.page.page.locator(".micdrop-earlier")
    assert earlier.text_content() == f"Earlier ({220 - len(drawn)})"
    earlier.click()
    assert rows(held.page) == items(0, 220)
    assert earlier.is_hidden()
    say(400)
    held.page.until(f"() => {ROWS}.length === 400")


def test_what_is_read_stays_where_it_is_when_the_rest_is_drawn(held: HeldCall, drawn: list[str]) -> None:
    earlier = held.page.page.locator(".micdrop-earlier")
    earlier.scroll_into_view_if_needed()
    top = held.page.evaluate(TOP)
    earlier.click()
    first_drawn = f"[...document.querySelectorAll('.micdrop-utterance')].at(-{len(drawn)})"
    moved = held.page.evaluate(f"() => {first_drawn}.getBoundingClientRect().top") - top
    assert abs(moved) < 60, "what was looked at has stayed, but for the button that is gone"


def test_a_reader_of_what_was_said_before_keeps_it(held: HeldCall, say: Say) -> None:
    say(70)
    held.page.until(f"() => {ROWS}.length === 70")
    held.page.evaluate(f"() => {{ {LIST}.scrollTop = 0; }}")
    held.page.until("() => !document.querySelector('.micdrop-to-end').hidden")
    say(260)
    held.page.until(f"() => {ROWS}.length === 260")
    assert held.page.evaluate(f"() => {LIST}.scrollTop") == 0
    held.page.page.locator(".micdrop-to-end").click()
    say(261)
    held.page.until(f"() => {ROWS}.length === 50")
    assert rows(held.page) == items(211, 261)


def test_a_panel_that_gets_narrow_keeps_the_end_in_sight_and_every_button_inside(held: HeldCall, say: Say) -> None:
    say(40)
    held.page.until(f"() => {ROWS}.length === 40 && {AT_END}({LIST})")
    for width_px in (600, 320, 180):
        held.page.page.set_viewport_size({"width": width_px, "height": 700})
        held.page.until(f"() => {AT_END}({LIST})")
        assert held.page.evaluate(OUTSIDE) == [], width_px
