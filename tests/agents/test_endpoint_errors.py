"""Waiting with a limit, and what an endpoint's words become."""

from __future__ import annotations

import asyncio

import pytest

from micdrop_widget.agents.endpoint_errors import in_time, masked, refusal

pytestmark = pytest.mark.usefixtures("clean_loop")


async def test_what_comes_in_time_is_returned_and_what_is_raised_is_raised() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    assert await in_time(asyncio.sleep(0, "here"), 10) == "here"
    with pytest.raises(ZeroDivisionError):
        await in_time(fail(), 10)


async def test_what_takes_too_long_is_cancelled() -> None:
    waiting = asyncio.ensure_future(asyncio.Event().wait())
    with pytest.raises(TimeoutError, match=r"nothing came within 0\.001 s"):
        await in_time(waiting, 0.001)
    assert waiting.cancelled()


async def test_a_cancellation_cancels_what_is_waited_for() -> None:
    waiting = asyncio.ensure_future(asyncio.Event().wait())
    outer = asyncio.ensure_future(in_time(waiting, 10))
    await asyncio.sleep(0)
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer
    assert waiting.cancelled()


async def test_what_comes_in_the_moment_of_a_cancellation_is_let_go() -> None:
    released: list[str] = []

    async def release(opened: str) -> None:
        await asyncio.sleep(0)
        released.append(opened)

    arrived = asyncio.Event()

    async def open_one() -> str:
        await arrived.wait()
        return "a connection"

    outer = asyncio.ensure_future(in_time(open_one(), 10, release))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    arrived.set()
    await asyncio.sleep(0)
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer
    assert released == ["a connection"]


def test_what_an_endpoint_wrote_is_one_line_without_the_key_and_not_too_long() -> None:
    assert masked("wrong key:\n  sk-1 ", "sk-1") == "wrong key: …"
    assert masked("x" * 1000, None) == "x" * 300 + "…"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "refused the request (400: why)"),
        (401, "refused the key; give api_key=…, or set OPENAI_API_KEY (401: why)"),
        (500, "failed (500: why)"),
    ],
)
def test_a_status_becomes_words(status: int, words: str) -> None:
    assert refusal(status, "why") == words
    assert refusal(status, "why", "3") == words + "; it asks to wait 3 s"
