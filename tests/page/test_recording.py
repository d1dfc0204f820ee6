"""What a call has recorded of an answer, against what the server sent and the page played."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from micdrop_widget.audio import Pcm
from micdrop_widget.server import ServerCall
from tests.harness.page_clock import page_clock_offset
from tests.harness.spoken import spoken
from tests.page.calls import HeldCall, Opener, wait_until

_SLACK_S = 0.1
"""Between a report of the page and what was heard when the answer was cut off, and what the browser's output holds."""

FLUSHED = "async () => (await window.__taps.read())[0].received.filter(({ type }) => type === 'flush').length === 2"
"""When the answer opens, and when it is cut off."""


def answer(seconds: int) -> Pcm:
    """Return an answer in which every sample would be missed: none is silent."""
    return np.random.default_rng(0).integers(1, 8000, seconds * 16_000).astype(np.int16)


@pytest.mark.parametrize("ignores_user", [False, True], ids=["listening", "not listening"])
def test_an_answer_is_recorded_whole(open_call: Opener, ignores_user: bool) -> None:
    held = start(open_call, answer(3), ignores_user=ignores_user)
    wait_until(lambda: held.reports and held.reports[-1]["samples"] == len(answer(3)))
    wait_until(lambda: not held.call.isAssistantSpeaking)
    assistant = recorded(held)
    assert np.array_equal(assistant[assistant != 0], answer(3))  # silent only before, after, and where the page stalled


@pytest.mark.parametrize("ignores_user", [False, True], ids=["listening", "not listening"])
def test_an_answer_that_is_cut_off_is_recorded_as_far_as_it_was_played(open_call: Opener, ignores_user: bool) -> None:
    held = start(open_call, answer(20), ignores_user=ignores_user)
    wait_until(lambda: held.call.recording is not None and len(recorded(held)) > 3 * 16_000)
    paused_s = time.monotonic()
    held.call.pause()
    wait_until(lambda: not held.call.isAssistantSpeaking)
    held.page.until(FLUSHED)
    (tap,) = held.page.taps()
    played_s = np.count_nonzero(tap.samples) / tap.sample_rate
    assert 2 < played_s < 19
    # Until the page hears of the pause it plays on, and longer where the machine is busy.
    flush = [message for message in tap.received if message.type == "flush"][-1]
    flushed_ms = page_clock_offset(held.page.page).monotonic_ms(tap.rendered_ms(flush.frame - tap.first_sample))
    unheard_s = played_s - np.count_nonzero(recorded(held)) / 16_000
    assert -_SLACK_S < unheard_s < _SLACK_S + flushed_ms / 1000 - paused_s


def start(open_call: Opener, pcm: Pcm, *, ignores_user: bool) -> HeldCall:
    async def greet(call: ServerCall) -> None:
        await call.send_audio(pcm)

    held = open_call(open_call.serve(greeting=greet), disable_interruption=ignores_user)
    held.page.press("start")
    return held


def recorded(held: HeldCall) -> Pcm:
    """Return what the latest call has recorded of the assistant."""
    assert held.call.recording is not None
    return held.call.recording.assistant


@pytest.fixture
def full_disk(tmp_path: Path) -> Generator[Path]:
    """Return a folder on a disk of 64 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "micdrop-test", str(folder)]
    if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("no disk may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full_is_reported_in_the_panel_and_the_call_goes_on(full_disk: Path, open_call: Opener) -> None:
    microphone = spoken("two_sentences").path  # silence costs no disk
    held = open_call(record=full_disk / "call.wav", microphone=microphone, microphone_loops=True)
    held.start()
    held.page.wait_for_text("No space left on device", "error")
    wait_until(lambda: held.errors == ["Unknown"])
    assert (held.call.isStarted, held.call.isMicStarted) == (True, True)
    held.stop()
    assert (full_disk / "call.wav").stat().st_size > 30_000


def test_a_disk_that_stalls_holds_up_neither_the_call_nor_its_end(open_call: Opener, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # nobody reads it: after 64 kB each write waits
    held = open_call(record=tmp_path / "pipe")
    held.start()
    wait_until(lambda: held.call.recording is not None and held.call.recording.duration_s > 1.5)
    assert held.call.isListening
    held.page.press("start")
    held.page.wait_for_text("Call ended")
    held.page.wait_for_text("the disk took longer than 2 s to take the rest", "error")
    wait_until(lambda: held.server.server.calls == ())
    with (tmp_path / "pipe").open("rb", buffering=0) as reader:
        os.set_blocking(reader.fileno(), False)
        wait_until(lambda: reader.read(1 << 20) is not None and not any(map(is_writer, threading.enumerate())))


def is_writer(thread: threading.Thread) -> bool:
    return thread.name == "micdrop-record"
