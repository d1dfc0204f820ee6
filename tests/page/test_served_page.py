"""Whole calls in the page that Python serves itself: from a plain process, beside a notebook, and to their ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator

import numpy as np
import pytest

from micdrop_widget import MicdropPage
from micdrop_widget.audio import Pcm
from micdrop_widget.server import ServerCall
from tests.harness.browsers import Browsers
from tests.harness.processes import heed_ctrl_c
from tests.harness.relay import relayed
from tests.harness.spoken import spoken
from tests.harness.taps import exactly_at
from tests.page.call_page import CallPage
from tests.page.calls import KeepingServer, Opener, wait_for_turns, wait_until
from tests.page.served import ServedPage, assert_whole, parts_heard

NOISE: Pcm = np.random.default_rng(1).integers(-8000, 8000, 30 * 16_000).astype(np.int16)
"""An answer in which every place is unlike any other."""


async def answer_with_noise(call: ServerCall, _: Pcm) -> None:
    await call.send_audio(NOISE)


class Held:
    """A page that this process serves, and what holds it."""

    def __init__(self, browsers: Browsers, server: KeepingServer, *, tapped: bool) -> None:
        self.server = server
        self._tapped = tapped
        self.call = MicdropPage(server.url, vad="volume", open_browser=False)
        self._context = browsers.context(microphone=spoken("sentence").path, bypass_csp=tapped)
        self.pages: list[ServedPage] = []
        self.page = self.tab()

    def tab(self) -> ServedPage:
        self.pages.append(ServedPage(self._context, self.call.page.url, tapped=self._tapped))
        return self.pages[-1]

    def close(self) -> None:
        self.call.close()
        self._context.close()
        self.server.server.stop()


@pytest.fixture
def hold(browsers: Browsers) -> Generator[Callable[..., Held]]:
    """Serve pages; at the end, fail on errors that were not allowed."""
    all_held: list[Held] = []

    def make(*, tapped: bool = True) -> Held:
        all_held.append(Held(browsers, KeepingServer(), tapped=tapped))
        return all_held[-1]

    yield make
    errors = [error for held in all_held for page in held.pages for error in page.errors.unexpected()]
    for held in all_held:
        held.close()
    assert errors == []


def test_a_whole_call_from_plain_python_is_sample_for_sample_what_was_said(hold: Callable[..., Held]) -> None:
    held = hold()
    held.page.wait_for_text("Not started")
    held.page.press("start")
    wait_for_turns(held.call, 1)
    (utterance,) = held.server.utterances
    (tap,) = held.page.taps()
    exactly_at(tap, utterance)
    held.page.wait_for_text("(the same", "conversation")
    assert held.call.link.lost_messages == held.call.link.dropped_ms == 0
    held.page.press("start")
    wait_until(lambda: not held.call.state.isMicStarted)
    held.page.wait_for_live_tracks(0)


def test_the_page_shows_its_token_nowhere_and_loads_nothing_from_elsewhere(hold: Callable[..., Held]) -> None:
    held = hold(tapped=False)  # under its own security policy
    held.page.wait_for_text("Not started")
    token = held.call.page.url.partition("#")[2]
    page = held.page.page
    requested: list[str] = []
    page.on("request", lambda request: requested.append(f"{request.url} {request.headers}"))
    page.on("websocket", lambda socket: requested.append(socket.url))
    page.reload()
    held.page.wait_for_text("Not started")
    held.page.press("start")
    wait_until(lambda: sum(turn.answer_end_ms is not None for turn in held.call.turns) == 1, timeout=30)
    assert token not in page.title() + page.content()
    addresses = [each.partition(" ")[0].partition("#")[0] for each in requested]
    place = held.call.page.url.partition("/#")[0]
    assert set(addresses) >= {f"{place}/", f"{place}/page.js", f"ws{place[4:]}/call"}
    assert all(each.startswith((f"{place}/", f"ws{place[4:]}/")) for each in addresses), addresses
    assert token not in " ".join(each.replace(f"{place}/#{token}", "") for each in requested)


def test_a_page_that_is_reloaded_rejoins_the_call(hold: Callable[..., Held]) -> None:
    held = hold()
    held.page.press("start")
    wait_until(lambda: held.call.state.isStarted)
    held.page.reload()
    held.page.wait_for_text("Rejoin with the microphone", "take-over")
    assert held.call.state.isStarted
    held.page.press("take-over")
    wait_until(lambda: held.call.state.isMicStarted)
    wait_for_turns(held.call, 1)
    assert len(held.server.calls) == 1


def test_a_second_tab_takes_the_page_over_and_the_first_says_so_and_releases_the_microphone(
    hold: Callable[..., Held],
) -> None:
    held = hold()
    held.page.press("start")
    wait_until(lambda: held.call.state.isStarted)
    second = held.tab()
    held.page.wait_for_text("Open in another tab")
    held.page.wait_for_text("The microphone is released here", "note")
    held.page.wait_for_live_tracks(0)
    second.press("take-over")
    wait_until(lambda: held.call.state.isMicStarted)
    second.wait_for_live_tracks(1)
    held.page.wait_for_text("Open in another tab")  # it has not come back by itself


def test_a_page_says_when_its_call_was_closed_and_is_none_of_the_next(hold: Callable[..., Held]) -> None:
    held = hold()
    held.page.press("start")
    wait_until(lambda: held.call.state.isStarted)
    held.call.close()
    held.page.wait_for_text("Call closed")
    held.page.wait_for_text("Open it again from Python", "note")
    held.page.wait_for_live_tracks(0)


SCRIPT = """
import sys
from micdrop_widget import MicdropPage
port = int(sys.argv[2])
with MicdropPage(sys.argv[1], port=port, vad="volume", open_browser=False) as call:
    assert not {"anywidget", "ipykernel", "traitlets", "ipywidgets", "IPython"} & set(sys.modules)
    print(call.page.url, flush=True)
    call.wait()
"""


class Process:
    """Another Python, in which a page is served."""

    def __init__(self, *arguments: str) -> None:
        command, pipe = [sys.executable, *arguments], subprocess.PIPE
        self.popen = subprocess.Popen(command, stdout=pipe, text=True, preexec_fn=heed_ctrl_c)  # noqa: PLW1509
        assert self.popen.stdout is not None
        self.lines: list[str] = []
        self.came = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.popen.stdout or ():
            with self.came:
                self.lines.append(line.rstrip("\n"))
                self.came.notify_all()

    def line(self, text: str) -> str:
        """Return the first line with a text, when it has come."""
        with self.came:
            assert self.came.wait_for(lambda: any(text in line for line in self.lines), 30), self.lines
            return next(line for line in self.lines if text in line)

    def end(self) -> None:
        self.popen.kill()
        self.popen.wait()
        self._reader.join()
        if self.popen.stdout is not None:
            self.popen.stdout.close()


def test_a_page_says_when_its_process_ends_and_shows_the_call_again_when_it_can(browsers: Browsers) -> None:
    server = KeepingServer()
    context = browsers.context(microphone=spoken("sentence").path, bypass_csp=True)
    process = Process("-c", SCRIPT, server.url, "0")
    try:
        page = ServedPage(context, process.line("http://"))
        # it connects again, also while the process is still being killed
        page.errors.allow("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET")
        page.press("start")
        page.wait_for_live_tracks(1)
        page.wait_for_text("Listening")
        process.popen.send_signal(signal.SIGKILL)
        process.end()
        page.wait_for_text("No connection to Python")
        page.wait_for_text("The microphone is released", "note")
        page.wait_for_live_tracks(0)
        port = page.page.url.partition("127.0.0.1:")[2].partition("/")[0]
        process = Process("-c", SCRIPT, server.url, port)
        process.line("http://")
        # another process has another token: what was open in the browser is none of its
        page.page.get_by_text("This address is not, or no more, that of a call").wait_for()
        assert page.errors.unexpected() == []
    finally:
        process.end()
        context.close()
        server.server.stop()


def test_a_call_goes_on_by_itself_when_a_tunnel_breaks_and_comes_back_and_none_begins_then(browsers: Browsers) -> None:
    server = KeepingServer()
    context = browsers.context(microphone=spoken("sentence").path, bypass_csp=True)
    call = MicdropPage(server.url, vad="volume", open_browser=False)
    address, _, token = call.page.url.partition("#")
    try:
        with relayed(int(address.rstrip("/").rpartition(":")[2])) as relay:
            page = ServedPage(context, f"http://localhost:{relay.port}/#{token}")
            page.errors.allow("ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
            page.press("start")
            wait_for_turns(call, 1)
            relay.cut()
            wait_until(lambda: not call.state.isMicStarted)
            wait_until(lambda: call.state.isMicStarted)
            page.wait_for_live_tracks(1)
            assert not page.part("take-over").is_visible()
            wait_for_turns(call, 2)  # the microphone's file begins anew
            assert len(server.utterances) == 2
            assert len(server.calls) == 1
            page.press("start")  # Stop
            wait_until(lambda: not call.state.isStarted)
            page.evaluate("() => { document.querySelector('.micdrop').dataset.former = '' }")
            relay.cut()
            page.until("() => document.querySelector('.micdrop:not([data-former])') !== null")  # connected again
            page.page.wait_for_timeout(1000)
            assert not call.state.isMicStarted
            page.wait_for_live_tracks(0)
            assert page.errors.unexpected() == []
    finally:
        call.close()
        context.close()
        server.server.stop()


def test_a_call_from_the_terminal_shows_what_is_said_and_keeps_the_token_off_its_command_line(
    browsers: Browsers,
) -> None:
    server = KeepingServer()
    context = browsers.context(microphone=spoken("sentence").path, bypass_csp=True)
    command = ["-m", "micdrop_widget", "call", server.url, "--no-browser", "--vad", "volume"]
    process = Process(*command)
    try:
        url = process.line("Open this page in a browser: ").rpartition(" ")[2]
        page = ServedPage(context, url)
        page.press("start")
        process.line("assistant: (the same")
        assert process.lines[1] == "Press Start in the page, and speak. Ctrl-C ends the call."
        listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert url.partition("#")[2] not in listed
        process.popen.send_signal(signal.SIGINT)
        assert process.popen.wait(15) == 0
        page.wait_for_text("Call closed")
        page.wait_for_live_tracks(0)
        assert page.errors.unexpected() == []
    finally:
        process.end()
        context.close()
        server.server.stop()


VS_CODE = """
Object.defineProperty(navigator, "userAgent", { value: "Mozilla/5.0 Code/1.99.0 Chrome/132.0 Electron/34.2" });
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("Permission denied", "NotAllowedError"); };
"""


def test_a_panel_without_a_microphone_leads_to_a_page_that_has_one(
    open_call: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("micdrop_widget.page.opening.has_browser", lambda: False)
    held = open_call(microphone=spoken("sentence").path, vad="volume", script=VS_CODE, bypass_csp=True)
    panel = held.page
    panel.press("start")
    panel.wait_for_text("VS Code gives its notebooks no microphone", "error")
    panel.wait_for_text("VS Code gives no microphone", "open-page")
    panel.press("open-page")
    panel.part("page-link").wait_for()
    url = panel.part("page-link").get_attribute("href")
    assert url is not None
    assert url.partition("#")[2] not in panel.part("page-link").inner_text()
    assert url == held.call.open_page().url
    page = ServedPage(panel.page.context, url)
    page.press("start")
    wait_until(lambda: held.call.isMicStarted)
    panel.wait_for_text("used in another tab", "note")
    wait_for_turns(held.call, 1)
    assert page.errors.unexpected() == []


def test_an_address_that_python_cannot_open_is_a_link_in_the_panel_and_its_token_is_not_in_the_cell(
    open_call: Opener, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("micdrop_widget.page.opening.has_browser", lambda: False)
    held = open_call(microphone=spoken("sentence").path, vad="volume", bypass_csp=True)
    url = held.call.open_page().url
    assert held.page.part("page-link").get_attribute("href") == url
    assert capsys.readouterr().out == f"Open {url.partition('/#')[0]} in a browser by the link in the call's panel.\n"
    page = ServedPage(held.page.page.context, url)
    page.press("start")
    wait_until(lambda: held.call.isMicStarted)
    assert not page.part("page-link").is_visible()
    held.page.page.reload()
    held.page.part("page-link").wait_for()
    assert held.page.part("page-link").get_attribute("href") == url


def test_page_and_notebook_take_a_call_over_from_one_another_ten_times_and_all_of_the_answer_is_heard(
    open_call: Opener,
) -> None:
    held = open_call(
        open_call.serve(answer_with_noise), microphone=spoken("sentence").path, vad="volume", bypass_csp=True
    )
    notebook: CallPage = held.page
    page = ServedPage(notebook.page.context, held.call.open_page().url)
    page.wait_for_text("Not started")
    held.start()
    page.wait_for_text("used in another tab", "note")
    wait_until(lambda: held.call.isAssistantSpeaking, timeout=30)
    notebook.press("mute")  # the fake microphone speaks anew when it is opened again, and would interrupt
    wait_until(lambda: held.call.isMuted)
    here: CallPage = page
    there = notebook
    for _ in range(10):
        here.press("take-over")
        here.wait_for_live_tracks(1)
        there.wait_for_live_tracks(0)
        reports = len(held.reports) if here is notebook else None
        if reports is None:
            here.until("async () => (await window.__taps.read()).some((tap) => tap.firstSample !== null)")
        else:
            wait_until(lambda reports=reports: len(held.reports) > reports)  # type: ignore[misc]
        here, there = there, here
    wait_for_turns(held.call, 1, timeout=60)
    assert len(held.server.calls) == len(held.call.turns) == 1
    assert_whole([*parts_heard(notebook, NOISE), *parts_heard(page, NOISE)], NOISE)
    assert len(parts_heard(notebook, NOISE)) >= 5
    assert len(parts_heard(page, NOISE)) >= 5
    assert page.errors.unexpected() == []
    page.close()
    notebook.wait_for_live_tracks(1)
