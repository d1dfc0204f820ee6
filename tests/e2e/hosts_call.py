"""A call in other hosts than JupyterLab alone: run by scripts/hosts, not by scripts/test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator

from tests.e2e.calls import CALL, SERVER, press, wait_for_state, wait_for_turns, wait_for_words
from tests.e2e.lab import add_kernel, free_port, own_environment
from tests.e2e.opening import NotebookOpener, write_notebook
from tests.harness.browsers import Browsers
from tests.harness.page_errors import PageErrors
from tests.harness.processes import end_process
from tests.harness.spoken import spoken
from tests.harness.taps import TAPS_JS

START_LIMIT_S = 60


@pytest.fixture
def voila(tmp_path: Path) -> Generator[str]:
    """Run Voilà with a notebook of a server and a call; return its address."""
    port = free_port()
    add_kernel(tmp_path, Path(sys.executable))
    write_notebook(tmp_path / "call.ipynb", [SERVER, CALL])
    command = [sys.executable, "-m", "voila", "call.ipynb", "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    environment = {**os.environ, **own_environment(tmp_path)}
    with (tmp_path / "voila.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/"
    end_s = time.monotonic() + START_LIMIT_S
    while process.poll() is None and not answers(f"{address}voila/static/voila.js"):
        assert time.monotonic() < end_s, (tmp_path / "voila.log").read_text()
        time.sleep(0.1)
    yield address
    end_process(process, limit_s=15)


def answers(address: str) -> bool:
    try:
        httpx.get(address, trust_env=False)
    except httpx.TransportError:
        return False
    return True


@pytest.mark.timeout(180)
def test_a_whole_call_in_voila(voila: str, browsers: Browsers) -> None:
    page = browsers.context(microphone=spoken("two_sentences").path).new_page()
    errors = PageErrors(page)
    page.add_init_script(path=TAPS_JS)
    page.goto(voila)
    start, state = page.get_by_test_id("start"), page.get_by_test_id("state")
    start.wait_for(timeout=60_000)
    start.click()
    for words in ("You are speaking", "Assistant is speaking"):
        wait_for(state, words)
    page.wait_for_function("() => document.querySelectorAll('.micdrop-utterance').length >= 4", timeout=30_000)
    wait_for(state, "Listening")
    start.click()
    wait_for(state, "Call ended")
    page.wait_for_function("() => window.__tracks.length === 1 && window.__tracks[0].readyState === 'ended'")
    assert [error for error in errors.all if "micdrop" in error] == [], "Voilà misses a style sheet of a public server"
    page.context.close()


def wait_for(part: Locator, words: str) -> None:
    part.filter(has_text=words).wait_for(timeout=20_000)


@pytest.mark.timeout(180)
def test_two_people_in_one_notebook_share_a_call(open_notebook: NotebookOpener, browsers: Browsers) -> None:
    microphone = spoken("two_sentences").path
    first = open_notebook([SERVER, CALL], microphone=microphone)
    first.errors.allow(".")
    first.run_all()
    press(first, "start")
    wait_for_state(first, isStarted=True)
    # nothing was saved: what the other person sees comes from the shared document
    second = open_notebook.somebody_else(first, microphone=microphone)
    second.errors.allow(".")
    wait_for_turns(first, 1)
    wait_for_words(second, "The microphone is used in another tab", "note")
    press(second, "take-over")
    second.until("() => window.__tracks.some((track) => track.readyState === 'live')")
    first.until("() => window.__tracks.every((track) => track.readyState === 'ended')")
    wait_for_turns(first, 2)
    press(second, "start")
    wait_for_words(first, "Call ended")
    assert first.kernel.eval("[call.isStarted, call.error, len(server.calls)]") == [False, None, 0]
