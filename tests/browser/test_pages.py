"""Which pages show the panel, and who owns the call. In virtual time."""

from __future__ import annotations

import asyncio

import pytest

from micdrop_widget.errors import MicdropError, MicdropErrorCode
from tests.harness.pages import pages_with
from tests.harness.virtual_time import in_virtual_time


@in_virtual_time
async def test_the_first_page_shown_owns_a_call_started_from_python() -> None:
    assert await pages_with("a", "b").choose_owner() == "a"


@in_virtual_time
async def test_the_page_that_pressed_start_owns_the_call() -> None:
    assert await pages_with("a", "b", owner="b").choose_owner() == "b"


@in_virtual_time
async def test_an_owner_that_leaves_owns_nothing() -> None:
    pages = pages_with("a", "b", owner="a")
    pages.remove("a")
    assert (pages.owner, pages.shown) == (None, ("b",))
    pages.remove("b")
    pages.remove("b")
    assert pages.shown == ()


@in_virtual_time
async def test_without_a_panel_there_is_no_owner_after_ten_seconds() -> None:
    with pytest.raises(MicdropError, match="No browser shows the call's panel") as caught:
        await pages_with().choose_owner()
    assert caught.value.code is MicdropErrorCode.Mic
    assert "last line of a cell" in caught.value.remedy
    assert asyncio.get_running_loop().time() == 10.0


@in_virtual_time
async def test_a_page_that_comes_and_goes_in_one_burst_is_no_owner() -> None:
    pages = pages_with()
    choosing = asyncio.ensure_future(pages.choose_owner())
    await asyncio.sleep(4)
    pages.add("a")
    pages.remove("a")
    await asyncio.sleep(4)
    pages.add("b")
    assert await choosing == "b"
    pages = pages_with()
    choosing = asyncio.ensure_future(pages.choose_owner())
    await asyncio.sleep(4)
    pages.add("a")
    pages.remove("a")
    with pytest.raises(MicdropError, match="No browser shows the call's panel"):
        await choosing
    assert asyncio.get_running_loop().time() == 18.0


@in_virtual_time
async def test_a_page_that_can_have_no_microphone_comes_last_unless_it_is_alone() -> None:
    pages = pages_with("a", "b", owner="a")
    pages.demote("a")
    assert (pages.shown, pages.owner) == (("b", "a"), None)
    assert await pages.choose_owner() == "b"
    pages.demote("nobody")
    pages.remove("b")
    pages.owner = "a"
    pages.demote("a")
    assert (pages.shown, pages.owner) == (("a",), "a")
