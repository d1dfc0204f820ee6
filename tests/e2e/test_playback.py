"""What the server sends is what the page plays: whole, in order, once, and silent at once when it has to be."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.calls import wait_for_state
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.listen import align, find_faults
from tests.harness.spoken import spoken
from tests.harness.taps import Tap
from tests.harness.tones import find_clicks, find_gaps

_T = TypeVar("_T")

_SPEAKER = """
import asyncio, threading, time
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget
from micdrop_widget.protocol import Audio

rng = np.random.default_rng(5)
orders, frames, spoke, reports, ran_dry = asyncio.Queue(), [], [], [], asyncio.Event()

def tone(seconds):
    '''440 Hz, with a slow swell that makes every place of it known.'''
    t = np.arange(int(seconds * 16000)) / 16000
    fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.01)
    return np.rint((6000 + 2000 * t / seconds) * np.sin(2 * np.pi * 440 * t) * fade).astype("<i2")

async def speak(server_call):
    '''Speaks what is ordered, from the start of the call on, until the user interrupts.'''
    await server_call.skip_answer()
    while True:
        await (await orders.get())(server_call)

async def respond(server_call, utterance):
    await server_call.skip_answer()

server = MicdropServer(respond, greeting=speak, on_frame=lambda _, frame: frames.append(frame)).start()

def order(answer):
    server._thread.call(orders.put_nowait, answer)
"""
"""A server that says what the test orders, and keeps what the client sends."""

_CALL = """
given = 0
call = MicdropWidget(server.url)
over = threading.Event()

def follow(change):
    spoke.append((change.new, time.time() * 1000))
    if not change.new and sum(heard.values()) == len(played):
        over.set()

call.observe(follow, "isAssistantSpeaking")

take, heard = call._speaker.receive, {}

def note(report):
    take(report)
    reports.append(report)
    heard[report.epoch] = report.samples
    if sum(heard.values()) == given:
        server._thread.call(ran_dry.set)

call._speaker.receive = note
call
"""
"""Notes what the page reports; `given` is how many samples of the answer the client was given so far."""

_RANDOM_CHUNKS = """
played = tone(3)
given = len(played)

async def answer(server_call):
    pcm_bytes = played.tobytes()
    while pcm_bytes:
        size = int(rng.integers(1, 4000))
        await server_call.send(Audio(pcm_bytes[:size]))
        pcm_bytes = pcm_bytes[size:]
        await asyncio.sleep(rng.uniform(0, 0.02))

order(answer)
"""
"""2000 bytes every 10 ms on average, three times as fast as they are heard, and as often odd as even."""

_ONE_BURST = """
played = np.concatenate([rng.integers(-8000, 8000, 8 * 16000).astype("<i2"), tone(0.5)])
given = len(played)

async def answer(server_call):
    await server_call.send(Audio(played.tobytes()))

order(answer)
"""
"""8.5 s in a single frame: noise, in which every sample would be missed."""

_A_MINUTE = """
played = tone(60)
given = len(played)

async def answer(server_call):
    await server_call.send_audio(played)

order(answer)
"""

_STUTTER = """
played, pauses = tone(2), {pauses}
given = 0

async def answer(server_call):
    global given
    for part, pause in zip(np.array_split(played, len(pauses) + 1), [0, *pauses]):
        if given:
            await ran_dry.wait()
            await asyncio.sleep(pause)
        ran_dry.clear()
        given += len(part)
        await server_call.send_audio(part)

order(answer)
"""
"""Stops in the middle of the answer, for these seconds after the page has reported that it ran dry."""

_RAMP_SAMPLES = 80
_MOST_AHEAD_SAMPLES = 2 * 16000
_LISTEN_ON_SAMPLES = 8000
_TONE_STEP = 8000 / 32768 * 2 * np.sin(np.pi * 440 / 16000) + 2 / 32768
"""From one sample to the next of the loudest tone: what is cut off without a ramp makes larger ones."""


def test_an_answer_in_random_chunks_is_played_without_a_fault(open_notebook: NotebookOpener) -> None:
    notebook = _call(open_notebook)
    tap = _hear_out(notebook, _RANDOM_CHUNKS)
    _assert_played(tap, _played(notebook))
    assert find_gaps(tap.samples, tap.sample_rate, 440) == []
    assert find_clicks(tap.samples, tap.sample_rate, 440) == []
    assert notebook.kernel.eval("[is_on for is_on, _ in spoke]") == [True, False]
    assert notebook.kernel.eval("reports[-1].underruns") == 0


def test_a_long_burst_is_heard_to_its_end_and_not_over_before(open_notebook: NotebookOpener) -> None:
    notebook = _call(open_notebook)
    tap = _hear_out(notebook, _ONE_BURST)
    start = _assert_played(tap, played := _played(notebook))
    assert _most_waiting(tap) <= _MOST_AHEAD_SAMPLES
    (on, _), (off, off_ms) = notebook.kernel.eval("spoke")
    assert (on, off) == (True, False)
    # as it leaves the loudspeaker, not only the page
    assert off_ms > tap.epoch_ms(start + len(played))


def test_a_pause_silences_a_minute_that_came_in_one_burst(open_notebook: NotebookOpener) -> None:
    notebook = _call(open_notebook, _A_MINUTE)
    notebook.kernel.until("any(report.samples > 16000 for report in reports)")
    notebook.cell(1).get_by_test_id("pause").click()
    wait_for_state(notebook, isPaused=True, isAssistantSpeaking=False)
    _assert_silenced(notebook)
    notebook.cell(1).get_by_test_id("pause").click()
    wait_for_state(notebook, isPaused=False, isListening=True)


def test_the_users_sentence_silences_a_minute_that_came_in_one_burst(open_notebook: NotebookOpener) -> None:
    notebook = _call(open_notebook, _A_MINUTE, microphone=spoken("sentence").path)
    notebook.kernel.until("'StopSpeaking' in frames", timeout=30)
    _assert_silenced(notebook)
    assert notebook.kernel.eval("[frame for frame in frames if isinstance(frame, str)]") == [
        "StartSpeaking",
        "StopSpeaking",
    ]
    assert notebook.kernel.eval("[is_on for is_on, _ in spoke]") == [True, False]


@pytest.mark.parametrize(
    ("pauses", "underruns", "answers"),
    [((0.05, 0.05), [0, 1, 2], 1), ((0.3,), [0, 1], 2)],
    ids=["short pauses", "a pause of 300 ms"],
)
def test_a_stutter_is_faded_and_counted_and_the_answer_goes_on(
    open_notebook: NotebookOpener, pauses: tuple[float, ...], underruns: list[int], answers: int
) -> None:
    notebook = _call(open_notebook)
    tap = _hear_out(notebook, _STUTTER.format(pauses=pauses))
    assert len(find_gaps(tap.samples, tap.sample_rate, 440)) == len(pauses)
    assert _largest_step(tap) <= _TONE_STEP, "it does not click"
    assert notebook.kernel.eval("sorted({report.underruns for report in reports})") == underruns
    # the assistant speaks on through short pauses, and begins again after long ones
    assert notebook.kernel.eval("[is_on for is_on, _ in spoke]") == [True, False] * answers
    # every sample is played, those beside a pause under a ramp of 5 ms
    for part in np.array_split(_played(notebook), len(pauses) + 1):
        _assert_played(tap, part[_RAMP_SAMPLES:])


def _call(open_notebook: NotebookOpener, order: str = "", *, microphone: Path | None = None) -> Notebook:
    """Open a call; what was ordered is spoken at once, and nothing without an order."""
    notebook = open_notebook([_SPEAKER, _CALL], microphone=microphone)
    notebook.run_all()
    if order:
        notebook.kernel.execute(order)
    notebook.cell(1).get_by_test_id("start").click()
    wait_for_state(notebook, isStarted=True)
    return notebook


def _hear_out(notebook: Notebook, answer: str) -> Tap:
    """Order an answer; return what the page played when it is over."""
    notebook.kernel.execute(answer)
    # one question that waits: many would be load
    assert notebook.kernel.eval("over.wait(30)", timeout=35)
    (tap,) = notebook.taps()
    return tap


def _played(notebook: Notebook) -> NDArray[np.int16]:
    return np.array(notebook.kernel.eval("played"), dtype=np.int16)


def _assert_played(tap: Tap, pcm: NDArray[np.int16]) -> int:
    """Find these very samples in one piece; return where they start."""
    assert find_faults(pcm, tap.pcm, quiet_db=60) == []
    start = align(pcm, tap.samples).lag
    assert np.array_equal(tap.pcm[start : start + len(pcm)], pcm)
    return start


def _largest_step(tap: Tap) -> float:
    return float(np.abs(np.diff(tap.samples)).max())


def _most_waiting(tap: Tap) -> int:
    """Return the largest number of samples that waited in the page's worklet."""
    first = tap.first_sample + int(np.flatnonzero(tap.samples)[0])
    waiting = [0]
    given = 0
    for message in tap.received:
        if message.type == "play":
            given += message.samples
            waiting.append(given - max(0, message.frame - first))
    return max(waiting)


def _assert_silenced(notebook: Notebook) -> None:
    """Check the flush that cut the first answer off: a ramp in the next quantum, and then nothing for ever."""
    opening, flush = _wait_for(notebook, lambda tap: [m for m in tap.received if m.type == "flush"], 2)
    _wait_for(notebook, lambda tap: range(flush.frame, tap.first_sample + len(tap.samples)), _LISTEN_ON_SAMPLES)
    (tap,) = notebook.taps()
    quantum = flush.frame - tap.first_sample
    assert np.any(tap.samples[quantum - 2 : quantum]), "it was heard until then"
    assert not np.any(tap.samples[quantum + _RAMP_SAMPLES :])
    assert _largest_step(tap) <= _TONE_STEP, "it does not click"
    assert _most_waiting(tap) <= _MOST_AHEAD_SAMPLES
    # nothing of the minute came after it, and before it no more than was heard and 2 s
    plays = [message for message in tap.received if message.type == "play"]
    assert opening.frame <= plays[0].frame
    assert plays[-1].frame <= flush.frame
    heard = np.count_nonzero(tap.samples)
    assert sum(message.samples for message in plays) <= heard + _MOST_AHEAD_SAMPLES + 800


def _wait_for(notebook: Notebook, part: Callable[[Tap], Sequence[_T]], count: int) -> Sequence[_T]:
    """Wait until a part of what the tap knows is so long."""
    deadline = time.monotonic() + 20
    while len(found := part(notebook.taps()[0])) < count:
        assert time.monotonic() < deadline, f"only {len(found)} of {count}"
        notebook.page.wait_for_timeout(100)
    return found
