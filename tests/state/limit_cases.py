"""Cases of the rows that end a wait for somebody who has fallen silent."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.errors import MicdropErrorCode as Code
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.notices import NoticeCode
from micdrop_widget.state.snapshot import MicPhase
from tests.state.cases import (
    CONNECTED,
    CONNECTING,
    END,
    ENDED_2,
    ENDING,
    IDLE,
    LIVE,
    OPENING,
    RETRYING,
    WITH_MIC,
    Case,
)

MICROPHONE = inputs.TimerFired(Timer.MICROPHONE)
CONNECTION = inputs.TimerFired(Timer.CONNECTION)
ANSWER = inputs.TimerFired(Timer.ANSWER)
PLAYBACK = inputs.TimerFired(Timer.PLAYBACK)

UNHEARD = {"epoch": 2, "playback_samples": 100, "heard_samples": 40, "assistant_speaking": True, "echo_tail": True}
LOUDSPEAKER = "warn: the loudspeaker reports no progress: is the page still there, and may it play sound?"
NOT_CONNECTED = "warn: The connection neither opened nor failed within 16 s. Trying again."

CASES = [
    Case(
        "TimerFired if microphone: give_up_start",
        [OPENING],
        MICROPHONE,
        ["close microphone", *END, "emit Error"],
        {**WITH_MIC, "connection": 1, "chosen_mic_id": None},
        given={"chosen_mic_id": "usb"},
        error=Code.Mic,
    ),
    Case(
        "TimerFired if microphone: give_up",
        [IDLE, *CONNECTED, RETRYING],
        MICROPHONE,
        ["close microphone", "emit Error"],
        {"mic": MicPhase.CLOSED, "mic_request": 2, "chosen_mic_id": None},
        given={"mic": MicPhase.OPENING, "chosen_mic_id": "usb"},
        error=Code.Mic,
    ),
    Case(
        "TimerFired if retryable_timeout: give_up_and_retry",
        [CONNECTING],
        CONNECTION,
        ["close connection", NOT_CONNECTED, "cancel ready", "set retry 2000 ms less up to 30%"],
        {"connection": 2, "attempt": 2, "processing": False},
        given={"was_ready": True, "attempt": 1},
    ),
    Case(
        "TimerFired if connection: give_up",
        [CONNECTING],
        CONNECTION,
        ["close microphone", *END, "emit Error", "reset detection"],
        WITH_MIC,
        error=Code.Connection,
    ),
    Case(
        "TimerFired if connection: give_up",
        [CONNECTING],
        CONNECTION,
        ["close microphone", *END, "emit Error"],
        WITH_MIC,
        given={"was_ready": True, "attempt": 2},
        error=Code.Connection,
    ),
    Case(
        "TimerFired if answer: give_up_answer",
        [LIVE],
        ANSWER,
        ["warn: the server sent no answer for 30 s; the call listens again"],
        {"processing": False, "unanswered": NoticeCode.NoAnswer},
        given={"processing": True, "conversation": (wire.TextMessage("assistant", "Before that."),)},
    ),
    Case(
        "TimerFired if answer: give_up_answer",
        [LIVE],
        ANSWER,
        ["warn: the server sent a text and no audio for 10 s; the call listens again"],
        {"processing": False, "unanswered": NoticeCode.NoAnswerAudio},
        given={"processing": True, "answer_written": True},
    ),
    Case(
        "TimerFired if playback: give_up_playback",
        [OPENING, *CONNECTED, RETRYING],
        PLAYBACK,
        [LOUDSPEAKER],
        {"processing": False, "assistant_speaking": False, "echo_tail": False, "speaker_silent": True},
        given=UNHEARD,
    ),
    Case(
        "TimerFired if playback: give_up_playback",
        [ENDING],
        PLAYBACK,
        [LOUDSPEAKER, "flush to epoch 3", "cancel answer gap", "cancel echo tail", *END],
        {**ENDED_2, "assistant_speaking": False, "echo_tail": False, "epoch": 3, "playback_samples": 0,
         "heard_samples": 0, "phase": IDLE},
        given=UNHEARD,
    ),
]  # fmt: skip
