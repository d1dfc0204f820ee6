"""Row `slow-line`: sound, silence and interruptions over 1 Mbit/s and 40 ms, and over the same relay without that."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.browser.barge_in import SERVER, pauses, write_loop
from benchmarks.browser.harness import notebooks_over_line, start_call
from benchmarks.figures import Aim, Distribution, Figure
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.page_clock import page_clock_offset
from tests.harness.relay import PLAIN, Line, Relay
from tests.harness.taps import RENDERED_WITHIN_MS, Tap
from tests.harness.tones import find_gaps

__all__ = ["measure"]

_SLOW = Line(1e6, delay_ms=40)
_CALLS = (("at once", PLAIN), ("1 Mbit/s and 40 ms", _SLOW))
_WITHIN_MS = 200

_KNOWN_AFTER_S = 3
"""By then the call knows what the line is like."""

_TONE_HZ = 440
_AUDIBLE = 0.01
_PLAYED_S = 2
_LATER_S = 0.5

_SILENCE_SAMPLES = 16_000
"""Between two sentences of the user; a shorter pause is within one."""

_LONGEST_MS = 1500
"""From the user's first sound to silence; what is further apart does not belong together."""

_SERVER = """
import asyncio, time
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

tone = (8000 * np.sin(2 * np.pi * {tone_hz} * np.arange(10 * 16000) / 16000)).astype(np.int16)
sent_ms, paused_ms = [], []

async def greet(server_call):
    global call_of_server, server_loop
    call_of_server, server_loop = server_call, asyncio.get_running_loop()
    await server_call.skip_answer()

async def respond(server_call, utterance):
    await server_call.skip_answer()

async def speak():
    await asyncio.sleep({later_s})
    sent_ms.append(time.monotonic() * 1000)
    await call_of_server.send_audio(tone)
    await asyncio.sleep({played_s})
    paused_ms.append(time.monotonic() * 1000)
    call.pause()

server = MicdropServer(respond, greeting=greet).start()
call = MicdropWidget(server.url)
call
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure answers in one burst, each paused in its middle, then answers that the user speaks into: both ways."""
    count, spoken = (2, 1) if quick else (15, 10)
    medians_ms: defaultdict[str, list[float]] = defaultdict(list)
    with notebooks_over_line(is_relayed=True) as (open_notebook, relay):
        assert relay is not None
        code = _SERVER.format(tone_hz=_TONE_HZ, later_s=_LATER_S, played_s=_PLAYED_S)
        for how, line in _CALLS:
            relay.become()
            notebook = open_notebook([code])
            notebook.run_cell(0)
            relay.become(down=line, up=line)
            start_call(notebook)
            notebook.kernel.until("'server_loop' in globals()", timeout=30)
            time.sleep(_KNOWN_AFTER_S)
            answers = [_hear_and_pause(notebook) for _ in range(count)]
            uncertainty_ms = max(answer[3] for answer in answers)
            for position, what in enumerate(("heard", "silent")):
                values = Distribution.of(answer[position] for answer in answers)
                medians_ms[what].append(values.p50)
                yield Figure(f"{how}: {what}", "ms", values, uncertainty=uncertainty_ms)
            yield Figure(f"{how}: gaps an answer", "", Distribution.of(answer[2] for answer in answers), Aim("max", 0))
            notebook.close()
        for how, line in _CALLS:
            interrupted = Distribution.of(_speak_into_answers(open_notebook, relay, line, spoken))
            medians_ms["interrupted"].append(interrupted.p50)
            yield Figure(
                f"{how}: the user's first sound, silent", "ms", interrupted, uncertainty=2 * RENDERED_WITHIN_MS
            )
    for what, (plain_ms, slow_ms) in medians_ms.items():
        later = Distribution.of([slow_ms - plain_ms])
        yield Figure(f"{what} later over the line, medians", "ms", later, Aim("p50", _WITHIN_MS), least=-_WITHIN_MS)


def _hear_and_pause(notebook: Notebook) -> tuple[float, float, int, float]:
    """Return when sound came after it was sent and silence after the pause, the gaps between, and the uncertainty."""
    notebook.page.evaluate("() => window.__taps.forget()")
    # Nobody is asked meanwhile: for each question JupyterLab paints the kernel busy and idle.
    notebook.kernel.execute("asyncio.run_coroutine_threadsafe(speak(), server_loop)")
    time.sleep(_LATER_S + _PLAYED_S + 1.5)
    (tap,) = notebook.taps()
    offset = page_clock_offset(notebook.page)
    audible = np.flatnonzero(np.abs(tap.samples) > _AUDIBLE)
    first, last = int(audible[0]), int(audible[-1])
    sent_ms, paused_ms = notebook.kernel.eval("[sent_ms[-1], paused_ms[-1]]")
    notebook.kernel.execute("call.resume()")
    notebook.kernel.until("not call.isPaused")
    return (
        offset.monotonic_ms(tap.rendered_ms(first)) - sent_ms,
        offset.monotonic_ms(tap.rendered_ms(last + 1)) - paused_ms,
        len(find_gaps(tap.samples[first:last], tap.sample_rate, _TONE_HZ)),
        offset.uncertainty_ms + RENDERED_WITHIN_MS,
    )


def _speak_into_answers(open_notebook: NotebookOpener, relay: Relay, line: Line, count: int) -> list[float]:
    """Return how long after the user's first sound each answer was silent, both in the page's audio graph."""
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-") as folder:
        wav, loop_s = write_loop(Path(folder) / "loop.wav")
        relay.become()
        notebook = open_notebook([SERVER], microphone=wav, microphone_loops=True, tap_microphone=True)
        notebook.run_cell(0)
        relay.become(down=line, up=line)
        start_call(notebook)
        time.sleep((count + 1.5) * loop_s)  # nobody is asked meanwhile; the first sentence interrupts nothing
        (playback,), (microphone,) = notebook.taps(), notebook.taps("microphone")
        notebook.close()
    began_ms = _sentences_ms(microphone)
    delays_ms = []
    for end, _ in pauses(playback):
        silent_ms = playback.rendered_ms(end)
        before_ms = began_ms[(began_ms < silent_ms) & (began_ms > silent_ms - _LONGEST_MS)]
        delays_ms += [float(silent_ms - before_ms[-1])] if len(before_ms) else []
    if len(delays_ms) < count:
        raise RuntimeError(f"the user interrupted {len(delays_ms)} answers, expected {count}")
    return delays_ms


def _sentences_ms(microphone: Tap) -> NDArray[np.float64]:
    """Return when each sentence of the user began, by the clock of the page's audio graph."""
    audible = np.flatnonzero(np.abs(microphone.samples) > _AUDIBLE)
    first = np.concatenate(([audible[0]], audible[1:][np.diff(audible) > _SILENCE_SAMPLES]))
    return np.array([microphone.rendered_ms(int(sample)) for sample in first])
