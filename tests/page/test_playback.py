"""What the server sends is what the page plays: whole, in order, once, and silent at once when it has to be."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from micdrop_widget.audio import Pcm
from micdrop_widget.protocol import Audio
from micdrop_widget.server import ServerCall
from tests.harness.chromium import Microphone
from tests.harness.leaks import until
from tests.harness.listen import align
from tests.harness.page_clock import page_clock_offset
from tests.harness.playback import (
    MOST_AHEAD_SAMPLES,
    RAMP_SAMPLES,
    TONE_STEP,
    assert_played,
    assert_silenced,
    largest_step,
    most_waiting,
    tone,
)
from tests.harness.spoken import spoken
from tests.harness.taps import Tap
from tests.harness.tones import find_clicks, find_gaps
from tests.page.calls import HeldCall, Opener, skip, wait_until

Answer = Callable[[ServerCall], Awaitable[None]]


@dataclass(slots=True)
class Player:
    """A call whose server says what the test orders, from the start on, until the user interrupts."""

    held: HeldCall
    orders: deque[Answer]
    spoke: list[tuple[bool, float]] = field(default_factory=list)
    """What `isAssistantSpeaking` became, and when: milliseconds of ``time.monotonic()``."""

    @property
    def speaking(self) -> list[bool]:
        """What `isAssistantSpeaking` became."""
        return [is_on for is_on, _ in self.spoke]

    def heard_samples(self) -> int:
        """Return how much the page says it has played, of all answers."""
        return sum({report["epoch"]: report["samples"] for report in self.held.reports}.values())

    def hear_out(self, answer: Answer, samples: int) -> Tap:
        """Order an answer of so many samples; return what the page has played when it is over."""
        self.orders.append(answer)
        wait_until(lambda: self.heard_samples() == samples and not self.held.call.isAssistantSpeaking, timeout=30)
        return self.tap()

    def tap(self) -> Tap:
        """Return what the page has played so far."""
        (tap,) = self.held.page.taps()
        return tap


@pytest.fixture
def player(open_call: Opener) -> Player:
    return open_player(open_call)


def open_player(open_call: Opener, *orders: Answer, microphone: Microphone = None) -> Player:
    """Open and start a call; what was ordered is spoken at once, and nothing without an order."""
    waiting = deque(orders)

    async def speak(call: ServerCall) -> None:
        await call.skip_answer()
        while True:
            while waiting:
                await waiting.popleft()(call)
            await asyncio.sleep(0.005)

    held = open_call(open_call.serve(skip, greeting=speak), microphone=microphone)
    player = Player(held, waiting)
    held.call.observe(lambda change: player.spoke.append((change.new, time.monotonic() * 1000)), "isAssistantSpeaking")
    held.start()
    return player


def whole(pcm: Pcm) -> Answer:
    """Answer with these samples, as fast as they are taken."""

    async def answer(call: ServerCall) -> None:
        await call.send_audio(pcm)

    return answer


@pytest.fixture(scope="module")
def random_chunks(open_shared_call: Opener) -> tuple[Player, Tap]:
    """Hear an answer of 3 s: half a second, lest a machine that stops for a moment runs it dry, and the rest in pieces.

    They have 2000 bytes on average, as often odd as even, and come every 10 ms.
    """
    player, rng = open_player(open_shared_call), np.random.default_rng(5)

    async def answer(call: ServerCall) -> None:
        pcm_bytes = tone(3).astype("<i2").tobytes()
        await call.send(Audio(pcm_bytes[:16_001]))
        pcm_bytes = pcm_bytes[16_001:]
        while pcm_bytes:
            size = int(rng.integers(1, 4000))
            await call.send(Audio(pcm_bytes[:size]))
            pcm_bytes = pcm_bytes[size:]
            await asyncio.sleep(rng.uniform(0, 0.02))

    return player, player.hear_out(answer, len(tone(3)))


def test_an_answer_in_random_chunks_is_played_sample_for_sample(random_chunks: tuple[Player, Tap]) -> None:
    assert_played(random_chunks[1], tone(3))


def test_an_answer_in_random_chunks_has_neither_gap_nor_click(random_chunks: tuple[Player, Tap]) -> None:
    player, tap = random_chunks
    assert find_gaps(tap.samples, tap.sample_rate, 440) == []
    assert find_clicks(tap.samples, tap.sample_rate, 440) == []
    assert player.held.reports[-1]["underruns"] == 0


def test_an_answer_in_random_chunks_is_spoken_once(random_chunks: tuple[Player, Tap]) -> None:
    assert random_chunks[0].speaking == [True, False]


@dataclass(slots=True)
class Burst:
    """What came of 5.5 s in a single frame: noise, in which every sample would be missed, and a tone."""

    player: Player
    tap: Tap
    pcm: Pcm
    over_ms: float
    """When the assistant had spoken, on the page's clock, at the latest."""


@pytest.fixture(scope="module")
def burst(open_shared_call: Opener) -> Burst:
    noise = np.random.default_rng(5).integers(-8000, 8000, 5 * 16_000).astype(np.int16)
    pcm = np.concatenate([noise, tone(0.5)])

    async def answer(call: ServerCall) -> None:
        await call.send(Audio(pcm.astype("<i2").tobytes()))

    player = open_player(open_shared_call)
    tap = player.hear_out(answer, len(pcm))
    offset = page_clock_offset(player.held.page.page)
    return Burst(player, tap, pcm, player.spoke[-1][1] + offset.ahead_ms + offset.uncertainty_ms)


def test_a_long_burst_is_played_to_its_end(burst: Burst) -> None:
    assert_played(burst.tap, burst.pcm)


def test_of_a_long_burst_no_more_than_two_seconds_wait_in_the_page(burst: Burst) -> None:
    assert most_waiting(burst.tap) <= MOST_AHEAD_SAMPLES


def test_a_long_burst_is_not_over_before_its_last_sample_has_left_the_loudspeaker(burst: Burst) -> None:
    assert burst.player.speaking == [True, False]
    start = align(burst.pcm, burst.tap.samples).lag
    assert burst.over_ms > burst.tap.heard_ms(start + len(burst.pcm))


def test_a_pause_silences_a_minute_that_came_in_one_burst(open_call: Opener) -> None:
    player = open_player(open_call, whole(tone(60)))
    wait_until(lambda: player.heard_samples() > 16_000)
    player.held.page.press("pause")
    wait_until(lambda: player.held.call.isPaused and not player.held.call.isAssistantSpeaking)
    assert_silenced(player.tap)


def test_the_users_sentence_silences_a_minute_that_came_in_one_burst(open_call: Opener) -> None:
    player = open_player(open_call, whole(tone(60)), microphone=spoken("stop").path)
    wait_until(lambda: "StopSpeaking" in player.held.server.frames)
    assert_silenced(player.tap)
    assert player.held.server.commands == ["StartSpeaking", "StopSpeaking"]
    assert player.speaking == [True, False]


@pytest.mark.parametrize(
    ("pauses", "underruns", "answers"),
    [((0.02, 0.02), [0, 1, 2], 1), ((0.6,), [0, 1], 2)],
    ids=["short pauses", "a pause of 600 ms"],
)
def test_a_stutter_is_faded_and_counted_and_the_answer_goes_on(
    player: Player, pauses: tuple[float, ...], underruns: list[int], answers: int
) -> None:
    parts = np.array_split(tone(2), len(pauses) + 1)

    async def answer(call: ServerCall) -> None:
        """Stop in the middle of the answer, for these seconds after the page has reported that it ran dry."""
        given = 0

        async def ran_dry() -> None:
            await until(lambda: player.heard_samples() == given, 30)

        for part, pause in zip(parts, [0, *pauses], strict=True):
            await ran_dry()
            await asyncio.sleep(pause)
            given += len(part)
            await call.send_audio(part)

    tap = player.hear_out(answer, len(tone(2)))
    assert len(find_gaps(tap.samples, tap.sample_rate, 440)) == len(pauses)
    assert largest_step(tap) <= TONE_STEP, "it does not click"
    assert sorted({report["underruns"] for report in player.held.reports}) == underruns
    # the assistant speaks on through short pauses, and begins again after long ones
    assert player.speaking == [True, False] * answers
    # every sample is played, those beside a pause under a ramp of 5 ms
    for part in parts:
        assert_played(tap, part[RAMP_SAMPLES:])
