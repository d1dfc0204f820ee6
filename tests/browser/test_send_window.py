"""How much audio may be on its way at once: a simulated line with a rate and a delay."""

from __future__ import annotations

import pytest

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.browser.send_window import SendWindow

BYTES_A_SAMPLE = 2
MESSAGE_BYTES = 700
"""What a message brings beside its samples."""


class SlowLine:
    """A line that carries one message after the other, each a while later; acknowledgements come back as late."""

    def __init__(self, bits_per_s: float, delay_ms: float) -> None:
        self._bytes_per_ms = bits_per_s / 8000
        self.delay_ms = delay_ms
        self.free_ms = 0.0

    def carry(self, samples: int, now_ms: float) -> float:
        """Return when a message has arrived."""
        size = samples * BYTES_A_SAMPLE + MESSAGE_BYTES
        self.free_ms = max(self.free_ms, now_ms) + size / self._bytes_per_ms
        return self.free_ms + self.delay_ms


def send_for(
    window: SendWindow, line: SlowLine, duration_ms: int, page_ahead_ms: float = 7e7
) -> tuple[list[float], int]:
    """Send an answer without an end.

    Returns
    -------
    list of float
        How long what is on the line would hold up a flush, each millisecond.
    int
        How many samples have arrived.
    """
    queues: list[float] = []
    acks: list[tuple[float, int, float]] = []
    sent = arrived = 0
    for now in range(duration_ms):
        while acks and acks[0][0] <= now:
            _, end, received_ms = acks.pop(0)
            arrived = end
            window.acknowledge(end, received_ms + page_ahead_ms)
        while (room := min(window.room(now), 3200)) > 0:
            received_ms = line.carry(room, now)
            window.note_sent(sent, sent + room, now)
            sent += room
            acks.append((received_ms + line.delay_ms + 50, sent, received_ms))  # which wait for a frame: 50 ms
        queues.append(max(0.0, line.free_ms - now))
    return queues, arrived


@pytest.mark.parametrize("delay_ms", [1, 20, 40, 100])
@pytest.mark.parametrize(("kbit_per_s", "longest_ms", "speed"), [(500, 230, 1.2), (1000, 140, 2), (8000, 50, 4)])
def test_no_flush_waits_for_long_and_an_answer_comes_faster_than_it_is_played(
    kbit_per_s: int, longest_ms: int, speed: float, delay_ms: int
) -> None:
    queues, arrived = send_for(SendWindow(), SlowLine(kbit_per_s * 1000, delay_ms), 10_000)
    assert max(queues) <= longest_ms
    assert arrived / SAMPLE_RATE > 10 * speed


def test_the_first_window_is_small() -> None:
    queues, _ = send_for(SendWindow(), SlowLine(1e6, 40), 100)
    assert max(queues) <= 100


@pytest.mark.parametrize(
    ("bytes_per_s", "samples"), [(0, 4800), (8192 / 0.145, 4800), (8192 / 0.06, 10_240), (65_536 / 0.1, 32_000)]
)
def test_a_line_that_has_shown_what_it_carries_gets_as_much_at_once(bytes_per_s: float, samples: int) -> None:
    window = SendWindow()
    window.note_line(bytes_per_s)
    assert window.samples == samples
    window.note_line(0)
    assert window.samples == samples, "a page that answers late may be busy"


def test_a_line_that_has_become_slow_is_noticed_whatever_it_carried_before() -> None:
    window = SendWindow()
    window.note_line(1e9)
    queues, _ = send_for(window, SlowLine(1e6, 40), 20_000)
    assert max(queues[10_000:]) <= 140


def test_a_line_that_is_never_late_gets_all_that_a_page_has_room_for() -> None:
    window = SendWindow()
    send_for(window, SlowLine(1e9, 5), 5000)
    assert window.samples == 32_000


def test_what_is_heard_has_arrived_even_where_nothing_else_says_so() -> None:
    window = SendWindow()
    window.note_sent(0, 4800, 0)
    assert window.room(10) == 0
    window.acknowledge(4000)
    assert window.room(10) == 4000
    window.acknowledge(4800)
    assert window.room(10) == window.samples == 4800


def test_a_page_that_acknowledges_nothing_for_a_second_gets_as_much_as_on_a_fast_line() -> None:
    window = SendWindow()
    window.note_sent(0, 4800, 0)
    assert window.room(1000) == 0
    assert window.room(1001) == 32_000


def test_another_epoch_begins_with_an_empty_line() -> None:
    window = SendWindow()
    window.note_sent(0, 4800, 0)
    window.begin()
    assert window.room(1) == 4800
    window.note_sent(0, 3200, 1)
    assert window.room(1) == 1600
