"""Waiting on the widget: from the loop of a cell and from a thread without one, and `with`."""

from __future__ import annotations

import asyncio
import threading

import pytest

from micdrop_widget import CallClosedError, MicdropErrorCode, MicdropWidget
from tests.harness.fake_front_end import FakeFrontEnd
from tests.harness.servers import answering_with, closed_port, hold, message, scripted


async def test_an_event_is_there_for_the_next_line_of_the_cell_and_so_are_the_traits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with scripted(answering_with(message("user", "Hi"), message("assistant", "Hello"))) as url:
        page = FakeFrontEnd(monkeypatch)
        async with MicdropWidget(url) as call:
            page.show(call)
            items = call.events("Message")
            hello = call.wait_for("Message", lambda item: item.role == "assistant", timeout=20)
            await call.start()
            assert await hello == call.conversation[-1]
            assert [(await items.__anext__()).role, (await items.__anext__()).role] == ["user", "assistant"]
            state = await call.until(lambda state: len(state.conversation) == 2, isStarted=True, timeout=20)
            assert state == call.state
        assert [item async for item in items] == []


async def test_a_thread_takes_the_result_and_the_predicate_runs_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(answering_with(message("user", "Hi"))) as url:
        page = FakeFrontEnd(monkeypatch)
        call = MicdropWidget(url)
        page.show(call)
        threads: set[str] = set()

        def fits(item: object) -> bool:
            threads.add(threading.current_thread().name)
            return True

        said = call.wait_for("Message", fits)
        call.start()
        item = await asyncio.to_thread(lambda: (threading.current_thread().name, said.result(timeout=20)))
        assert threads == {item[0]}
        await asyncio.to_thread(call.close)


async def test_closing_the_widget_ends_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(hold) as url:
        page = FakeFrontEnd(monkeypatch)
        with MicdropWidget(url) as call:
            page.show(call)
            waiting = asyncio.gather(call.wait_for("EndCall"), call.until(isMuted=True), return_exceptions=True)
            await call.start()
        assert [type(outcome) for outcome in await waiting] == [CallClosedError, CallClosedError]
        with pytest.raises(CallClosedError, match="run its cell again"):
            call.start()


async def test_the_options_in_use_are_shown_without_what_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeFrontEnd(monkeypatch)
    with MicdropWidget(f"ws://127.0.0.1:{closed_port()}", params={"token": "xyzzy"}) as call:
        call.start_mic(vad="volume")
        await call.mute()
        assert call.options.vad == "volume"
        assert "xyzzy" not in repr(call.options) + repr(call)


async def test_a_recording_that_cannot_be_written_is_an_error_in_the_panel(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("gone")
    page = FakeFrontEnd(monkeypatch)
    with MicdropWidget(f"ws://127.0.0.1:{closed_port()}", record=folder / "call.wav") as call:
        page.show(call)
        folder.rmdir()
        failed = call.wait_for("Error", code=MicdropErrorCode.Unknown, timeout=20)
        page.press("start")
        error = await failed
        assert "call.wav' cannot be written (No such file or directory)" in error.message
        assert (call.error, call.isStarting) == (error, False)
