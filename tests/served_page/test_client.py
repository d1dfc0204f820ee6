"""`MicdropPage` and `CallPage` without a browser: options, ends, futures, and what a script may do."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import subprocess
import sys
import threading
from collections.abc import Generator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from micdrop_widget import CallClosedError, CallPage, MicdropError, MicdropPage, MicdropWidget
from micdrop_widget.page.frames import decode_frame
from tests.harness.leaks import until
from tests.served_page.visitor import Visitor, serve


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Generator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    assert [thread for thread in left if not thread.name.startswith("asyncio_")] == []  # of to_thread


def test_the_page_takes_the_options_of_the_widget_and_two_of_its_own() -> None:
    page, widget = (inspect.signature(client.__init__).parameters for client in (MicdropPage, MicdropWidget))
    assert set(page) - set(widget) == {"port", "open_browser"}
    assert set(widget) - set(page) == set()
    assert all(page[name].default == widget[name].default for name in widget)


def test_an_unknown_option_names_the_nearest_and_leaves_nothing() -> None:
    with pytest.raises(TypeError, match="did you mean 'record'"):
        MicdropPage(recrd=True)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="url: expected a WebSocket address"):
        MicdropPage("http://localhost")


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing() -> None:
    with serve() as call, pytest.raises(OSError, match=r"in use|already"):
        MicdropPage(port=Visitor(call.page).port, open_browser=False)


def test_a_page_that_is_closed_is_closed_for_good_and_again_is_no_error() -> None:
    call = MicdropPage(open_browser=False)
    assert (call.page.is_open, call.page.is_closed, call.wait(0)) == (True, False, False)
    call.close()
    call.close()
    assert (call.page.is_open, call.page.is_closed, call.wait(0)) == (False, True, True)
    assert (repr(call), repr(call.page)) == ("<MicdropPage closed>", "<CallPage closed>")
    with pytest.raises(CallClosedError):
        call.mute()
    with pytest.raises(CallClosedError):
        call.page.open_browser()


def test_a_future_has_its_outcome_and_the_state_has_followed() -> None:
    with MicdropPage(open_browser=False) as call:
        call.mute().result(5)
        assert call.state.isMuted
        call.unmute()
        assert call.until(isMuted=False, timeout=5).result().isMuted is False


async def test_a_start_without_an_address_is_an_error_to_await_and_to_see() -> None:
    async with MicdropPage(open_browser=False) as call:
        errors: list[MicdropError] = []
        call.on("Error", errors.append)
        with pytest.raises(MicdropError, match="url"):
            await call.start()
        await until(lambda: errors)
        assert (errors[0].code, call.state.error) == ("MissingUrl", errors[0])


def test_where_there_is_no_browser_the_address_is_printed_for_the_one_who_opens_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("micdrop_widget.page.opening.has_browser", lambda: False)
    with MicdropPage() as call:
        assert capsys.readouterr().out == f"Open this page in a browser: {call.page.url}\n"


async def test_a_page_to_which_nobody_comes_is_closed() -> None:
    with serve(idle_s=0.3) as call:
        async with Visitor(call.page).page() as connection:
            assert not call.wait(0.5)  # somebody is there
            await connection.close()
        await until(lambda: call.page.is_closed)


async def test_a_page_is_notified_that_its_call_was_closed() -> None:
    with serve() as call:
        async with Visitor(call.page).page() as connection:
            await until(lambda: call._call.pages.shown)
            states: list[bool] = []
            closing = asyncio.ensure_future(asyncio.to_thread(call.close))
            with contextlib.suppress(ConnectionClosedError):
                while True:
                    content: Any = decode_frame(await connection.recv())[0]
                    if content["type"] == "state":
                        states.append(content["fields"]["_closed"])
            await closing
            assert (states[-1], connection.close_code) == (True, 4000)


def test_the_page_of_a_widget_is_one_until_it_is_closed_and_then_another() -> None:
    with MicdropPage(open_browser=False) as call:
        from micdrop_widget.page import PageOpener

        opener = PageOpener(call._call, call._lease.thread)
        first = opener.open()
        assert opener.open() is first
        first.close()
        second = opener.open()
        assert isinstance(second, CallPage)
        assert (second.is_open, second.url != first.url) == (True, True)
        opener.close()
        opener.close()
        assert second.is_closed


def test_a_script_without_jupyter_imports_nothing_of_it() -> None:
    code = """
import sys
from micdrop_widget import MicdropPage
with MicdropPage("ws://127.0.0.1:1", open_browser=False, vad="volume") as call:
    call.page.url
jupyter = {"anywidget", "traitlets", "ipykernel", "ipywidgets", "IPython", "comm", "jupyter_client"}
print(*sorted(jupyter & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("\n", "")
