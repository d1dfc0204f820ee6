"""Row `browser-frame`: how old a microphone frame is when the call's thread gets it, also while a cell runs.

Every frame of 32 ms counts from its end on: one that waits for the next before it is sent, too.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

from benchmarks.browser.harness import notebooks, start_call
from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import SENTENCE
from tests.e2e.notebook import Notebook
from tests.harness.page_clock import page_clock_offset

__all__ = ["CALL", "SPIN", "STRETCH", "WATCH", "Stretch", "measure", "sent_between"]

CALL = """
from micdrop_widget import MicdropServer, MicdropWidget

async def respond(server_call, utterance):
    await server_call.skip_answer()

server = MicdropServer(respond).start()
call = MicdropWidget(server.url)
call
"""

WATCH = """
import time
from micdrop_widget.browser import messages
from micdrop_widget.audio import FRAME_SAMPLES

arrivals = []

def watch(page_call):
    receive = page_call.receive

    def noting(message, carrier, **how):
        if isinstance(message, messages.AudioFrame):
            arrivals.append((message.seq, len(message.pcm) // FRAME_SAMPLES, message.sent_ms, time.monotonic() * 1000))
        receive(message, carrier, **how)

    page_call.receive = noting

watch(call._call)
"""

STRETCH = """
began_ms = time.monotonic() * 1000
{}
ended_ms = time.monotonic() * 1000
"""

SPIN = """
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    total = 0
    for number in range(10_000):
        total += number * number
"""

_SLEEP = "time.sleep({seconds})"

_LATEST_S = 2
"""How long is waited for what was sent in a stretch."""


@dataclass(frozen=True, slots=True)
class _Message:
    """One message of the microphone; times are those of ``time.monotonic()``."""

    seq: int
    frames: int
    sent_ms: float
    arrived_ms: float

    def ages_ms(self) -> list[float]:
        """Return how old each of its frames was on arrival: all but the last have waited for the others."""
        return [self.arrived_ms - self.sent_ms + 32 * waited for waited in range(self.frames)]


def measure(quick: bool) -> Iterator[Figure]:
    """Measure one call: idle, while a cell sleeps, while a cell computes."""
    seconds = 2 if quick else 60
    with notebooks() as open_notebook:
        cells = [CALL, WATCH, *(STRETCH.format(code.format(seconds=seconds)) for code in (_SLEEP, SPIN))]
        notebook = open_notebook(cells, microphone=SENTENCE, microphone_loops=True)
        notebook.run_cell(0)
        notebook.run_cell(1)
        start_call(notebook)
        time.sleep(1)
        began_ms = time.monotonic() * 1000
        time.sleep(seconds)
        idle = sent_between(notebook, began_ms, time.monotonic() * 1000)
        yield from _figures("idle kernel", idle, Aim("p95", 40))
        asleep = _sent_in_cell(notebook, 2, seconds)
        yield from _figures("a cell in time.sleep", asleep, Aim("p95", 120))
        computing = _sent_in_cell(notebook, 3, seconds)
        yield from _figures("a cell in a Python loop", computing, Aim("p95", 120))


def _sent_in_cell(notebook: Notebook, cell: int, seconds: float) -> Stretch:
    notebook.run_cell(cell, timeout=seconds + 30)
    began_ms, ended_ms = notebook.kernel.eval("[began_ms, ended_ms]")
    return sent_between(notebook, began_ms, ended_ms)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was sent in a stretch of time, and how sure the times are."""

    messages: list[_Message]
    uncertainty_ms: float

    def ages_ms(self) -> list[float]:
        """Return how old each frame was on arrival."""
        return [age_ms for message in self.messages for age_ms in message.ages_ms()]


def sent_between(notebook: Notebook, began_ms: float, ended_ms: float, page: Page | None = None) -> Stretch:
    """Return what a page, by default that of the notebook, has sent meanwhile."""
    time.sleep(_LATEST_S)
    page = notebook.page if page is None else page
    offset = page_clock_offset(page)
    origin_ms: float = page.evaluate("performance.timeOrigin")  # what the page counts `sent_ms` from
    messages = [
        _Message(seq, frames, offset.monotonic_ms(sent_ms - origin_ms), arrived_ms)
        for seq, frames, sent_ms, arrived_ms in notebook.kernel.eval("arrivals")
    ]
    within = [message for message in messages if began_ms <= message.sent_ms < ended_ms]
    return Stretch(within, offset.uncertainty_ms)


def _figures(when: str, stretch: Stretch, aim: Aim) -> Iterator[Figure]:
    messages = stretch.messages
    ages_ms = stretch.ages_ms()
    batches = sum(message.frames > 1 for message in messages)
    note = f"{len(ages_ms)} frames in {len(messages)} messages, {batches} of them with more than one"
    yield Figure(when, "ms", Distribution.of(ages_ms), aim, note, stretch.uncertainty_ms)
    numbers = sorted({message.seq for message in messages})
    missing = [later - earlier - 1 for earlier, later in itertools.pairwise(numbers)]
    note = f"{sum(missing)} in all"
    yield Figure(f"{when}: messages lost before one", "", Distribution.of(missing), Aim("max", 0), note)
