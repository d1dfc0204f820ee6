"""How long the call machine waits, and for whom: no phase of a call is without an end."""

from __future__ import annotations

from dataclasses import dataclass

from micdrop_widget.reconnect import Reconnect
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import Phase

__all__ = [
    "ANSWER_AUDIO_MS",
    "ANSWER_GAP_MS",
    "ANSWER_MS",
    "AWAITS",
    "ECHO_TAIL_MS",
    "GOODBYE_MS",
    "LOUDSPEAKER_SILENT",
    "MAX_DROP_MS",
    "MICROPHONE_MS",
    "PHASE_ENDS",
    "PLAYBACK_STALL_MS",
    "PLAYBACK_UNREPORTED_MS",
    "READY_GRACE_MS",
    "ROUND_TRIPS_KEPT",
    "TURN_PREDICTION_MS",
    "Await",
    "PhaseEnd",
    "connection_limit_ms",
]

MICROPHONE_MS = 150_000
"""How long a microphone may take to open. A page has shorter limits of its own (120 s for the permission prompt)."""

READY_GRACE_MS = 1000
"""A server that sends nothing for this long after the params is taken to be ready."""

ANSWER_MS = 30_000
"""How long the server may be silent, with no frame at all, while the call waits for an answer."""

ANSWER_AUDIO_MS = 10_000
"""How long the audio of an answer may come after its whole text."""

PLAYBACK_STALL_MS = 5000
"""How much longer than its samples last the loudspeaker may take to report progress."""

PLAYBACK_UNREPORTED_MS = 60_000
"""A loudspeaker that has reported nothing for so long is given no more time for what still arrives."""

ANSWER_GAP_MS = 200
"""Silence after the last sample heard that ends an answer: a server that stutters is still one answer."""

ECHO_TAIL_MS = 300
"""How long the microphone is ignored after the assistant was heard, with interruption disabled (Micdrop's value)."""

GOODBYE_MS = 5000
"""How long a graceful stop waits for an answer to begin: a server may hold one back for 4 s."""

TURN_PREDICTION_MS = 1000
"""How long the turn detector may take; a turn that it does not know to be incomplete by then is over."""

MAX_DROP_MS = 500
"""How long after an interruption audio still counts as the old answer's, at most, however slow the line is measured."""

ROUND_TRIPS_KEPT = 3
"""So many round trips are remembered; the shortest counts."""


LOUDSPEAKER_SILENT = "the loudspeaker reports no progress: is the page still there, and may it play sound?"


def connection_limit_ms(reconnect: Reconnect) -> float:
    """Return how long a connection may take to open: headers, params and handshake have the timeout each."""
    return 3 * reconnect.connection_timeout_ms + 1000


@dataclass(frozen=True, slots=True)
class PhaseEnd:
    """What ends a phase that nobody else ends."""

    by: Timer | str
    """A timer of the machine, or a participant that is watched."""
    after: str
    """Within what time."""


PHASE_ENDS: dict[Phase, tuple[PhaseEnd, ...]] = {
    Phase.OPENING: (PhaseEnd(Timer.MICROPHONE, f"{MICROPHONE_MS / 1000:g} s"),),
    Phase.CONNECTING: (PhaseEnd(Timer.CONNECTION, "three times `connection_timeout_ms`, and 1 s"),),
    Phase.GREETING: (PhaseEnd(Timer.READY, f"{READY_GRACE_MS} ms"),),
    Phase.LIVE: (
        PhaseEnd("server", "pinged each `ping_interval_s`, given up when a ping is not answered within the next"),
        PhaseEnd("page", "missed by its heartbeat: a call whose page is gone is stopped"),
    ),
    Phase.RETRYING: (PhaseEnd(Timer.RETRY, "at most `max_delay_ms`, then the next attempt, up to `max_attempts`"),),
    Phase.ENDING: (
        PhaseEnd(Timer.GOODBYE, f"{GOODBYE_MS / 1000:g} s, while an answer is awaited"),
        PhaseEnd(
            Timer.PLAYBACK,
            f"{PLAYBACK_STALL_MS / 1000:g} s and the length of the samples, after each progress; what arrives over "
            f"{PLAYBACK_UNREPORTED_MS / 1000:g} s after it does not count",
        ),
        PhaseEnd(Timer.ANSWER_GAP, f"{ANSWER_GAP_MS} ms after the last sample was heard"),
    ),
}
"""For each phase of a call; `idle` is no call."""


@dataclass(frozen=True, slots=True)
class Await:
    """A method that can be awaited, and how long that takes at most."""

    method: str
    through: tuple[Phase, ...]
    """The phases that may have to end first."""
    after: str
    """What else is waited for, and for how long."""


AWAITS: tuple[Await, ...] = (
    Await("start()", (Phase.OPENING, Phase.CONNECTING, Phase.GREETING), ""),
    Await(
        "stop()",
        (),
        "after 2 s for the microphone, 2 s for the last frames and the close, and 2 s for the file of the recording",
    ),
    Await("stop(graceful=True)", (Phase.ENDING,), "then as `stop()`"),
    Await("start_mic()", (), f"with the timer “{Timer.MICROPHONE.value}”, {MICROPHONE_MS / 1000:g} s"),
    Await("change_mic_device()", (), f"with the timer “{Timer.MICROPHONE.value}”, {MICROPHONE_MS / 1000:g} s"),
    Await("pause(), resume(), mute(), unmute(), change_speaker_device()", (), "at once"),
    Await("set_turn_detector(), set_turn_max_wait(), clear_conversation()", (), "at once"),
    Await("close()", (), "as `stop()`"),
    Await("until(), wait_for()", (), "after the `timeout`; without one, when it comes about, or with `close()`"),
)
"""For each method of the API."""
