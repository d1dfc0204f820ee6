"""Cases of the rows that end a call, and of mute and pause."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import MicPhase
from tests.state.cases import (
    ANY,
    CONNECTED,
    CONNECTING,
    END,
    ENDED_2,
    ENDING,
    GREETING,
    IDLE,
    KEPT,
    LIVE,
    NOISE_OFF,
    OPENING,
    OUTBOX,
    RETRYING,
    WITH_MIC,
    Case,
)

ENDS = [
    Case(
        "Stop if graceful: stop_gracefully",
        [LIVE],
        inputs.Stop(graceful=True),
        ["send StopSpeaking", "close microphone", "set goodbye 5000 ms", "reset detection"],
        {"mic": MicPhase.CLOSED, "mic_request": 2, "user_speaking": False, "processing": True},
        given={"user_speaking": True},
    ),
    Case(
        "Stop if graceful: stop_gracefully",
        [LIVE],
        inputs.Stop(graceful=True),
        ["close microphone", "reset detection"],
        {"mic": MicPhase.CLOSED, "mic_request": 2},
        given={"assistant_speaking": True, "playback_samples": 9},
    ),
    Case("Stop if graceful: stay", [ENDING], inputs.Stop(graceful=True)),
    Case("Stop: stop", [IDLE], inputs.Stop(), END, {"connection": 1}),
    Case("Stop: stop", [OPENING], inputs.Stop(), ["close microphone", *END], {**WITH_MIC, "connection": 1}),
    Case("Stop: stop", [CONNECTING, GREETING], inputs.Stop(True), ["close microphone", *END, "reset detection"],
         WITH_MIC),
    Case("Stop: stop", [RETRYING], inputs.Stop(graceful=True), ["close microphone", *END], WITH_MIC),
    Case(
        "Stop: stop",
        [LIVE],
        inputs.Stop(),
        [
            "send StopSpeaking",
            "close microphone",
            "close connection",
            "flush to epoch 1",
            *END[1:],
            "reset detection",
        ],
        {**WITH_MIC, "epoch": 1, "playback_samples": 0, "paused": False, "partial_assistant_message": ""},
        given={"user_speaking": True, "playback_samples": 9, "partial_assistant_message": "Well"},
    ),
    Case("Stop: stop", [ENDING], inputs.Stop(), END, ENDED_2),
    Case("TimerFired if goodbye: give_up_answer", [ENDING], inputs.TimerFired(Timer.GOODBYE),
         [], {"processing": False, "goodbye_due": False}, given={"goodbye_due": True, "assistant_speaking": True}),
    Case("Completion if nothing_left_to_hear: stop", [ENDING], inputs.Completion(), END, ENDED_2,
         given={"processing": False}),
    Case(
        "Completion if nothing_left_to_hear: stop",
        [ENDING],
        inputs.Completion(),
        END,
        {**ENDED_2, "paused": False, "goodbye_due": False},
        given={"processing": False, "paused": True, "goodbye_due": True},
    ),
]  # fmt: skip

WISHES = [
    Case("Mute: mute", [IDLE, OPENING, RETRYING, ENDING], inputs.Mute(), [], {"muted": True}),
    Case("Mute: mute", CONNECTED, inputs.Mute(), ["reset detection"], {"muted": True}),
    Case(
        "Mute: mute",
        [LIVE],
        inputs.Mute(),
        ["send StopSpeaking", "reset detection"],
        {"muted": True, "user_speaking": False, "processing": True},
        given={"user_speaking": True},
    ),
    Case("Unmute: unmute", ANY, inputs.Unmute(), [], {"muted": False}, given={"muted": True}),
    Case("Pause: pause", [OPENING], inputs.Pause(), NOISE_OFF, {"paused": True, "processing": False,
         "outbox": (wire.MuteCommand(),)}),
    Case("Pause: pause", [CONNECTING, GREETING], inputs.Pause(), [*NOISE_OFF, "reset detection"], {"paused": True,
         "processing": False, "user_speaking": False,
         "outbox": (*KEPT, wire.StopSpeaking(), wire.MuteCommand())}, given=OUTBOX),
    Case("Pause: pause", [RETRYING], inputs.Pause(), NOISE_OFF, {"paused": True}),
    Case(
        "Pause: pause",
        [LIVE],
        inputs.Pause(),
        ["send StopSpeaking", "send Mute", *NOISE_OFF, "reset detection"],
        {"paused": True, "user_speaking": False, "drop_answer_until_ms": 1080},
        given={"user_speaking": True, "round_trips_ms": (40.0,)},
    ),
    Case(
        "Pause: pause",
        [LIVE],
        inputs.Pause(),
        ["send Mute", "flush to epoch 6", *NOISE_OFF, "reset detection"],
        {"paused": True, "assistant_speaking": False, "echo_tail": False, "epoch": 6, "playback_samples": 0,
         "drop_answer_until_ms": 1000, "partial_assistant_message": ""},
        given={"assistant_speaking": True, "echo_tail": True, "epoch": 5, "playback_samples": 9, "odd_byte": b"x",
               "partial_assistant_message": "Well"},
    ),
    Case("Pause: pause", [LIVE], inputs.Pause(), given={"paused": True}),
    Case("Resume: resume", ANY, inputs.Resume(), [], {"paused": False}, given={"paused": True, "processing": False,
         "assistant_speaking": True}),
    Case("Resume: resume", [GREETING], inputs.Resume(), [], {"paused": False, "outbox": KEPT},
         given={"paused": True, "processing": False, "outbox": (*KEPT, wire.MuteCommand())}),
]  # fmt: skip

CASES = ENDS + WISHES
