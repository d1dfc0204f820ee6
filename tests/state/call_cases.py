"""Cases of the rows that begin a call, and keep it or lose it."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropErrorCode as Code
from micdrop_widget.errors import error_for_close
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.state import Settings, inputs
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import MicPhase
from tests.state.cases import (
    BEGUN,
    CONNECTED,
    CONNECTING,
    END,
    ENDED_2,
    ENDING,
    GREETING,
    IDLE,
    LIVE,
    OPEN,
    OPENING,
    OUTBOX,
    RETRYING,
    SETTINGS,
    WITH_MIC,
    Case,
    error,
)

OLD = {"conversation": (wire.TextMessage("user", "before"),), "error": error()}
START = inputs.Start(SETTINGS)
MIC_IN_CALL = (IDLE, *CONNECTED, RETRYING)
DEVICES = (Device("m", "Mic"),), (Device("s", "Speaker"),)
NOWHERE = Settings(has_params=True)
NO_RETRY = {"settings": Settings(has_url=True, reconnect=Reconnect(max_attempts=0))}
RETRY = "set retry 1000 ms less up to 30%"

BEGINNINGS = [
    Case(
        "Start if no_url: refuse_missing_url",
        [IDLE],
        inputs.Start(NOWHERE),
        ["reset hearing", *END, "emit Error"],
        {"settings": NOWHERE, "conversation": (), "connection": 1},
        given=OLD,
        error=Code.MissingUrl,
    ),
    Case(
        "Start if no_url: refuse_missing_url",
        [IDLE],
        inputs.Start(NOWHERE),
        ["reset hearing", "close microphone", *END, "emit Error", "reset hearing"],
        {"settings": NOWHERE, "mic": MicPhase.CLOSED, "mic_request": 2, "connection": 1},
        given=OPEN,
        error=Code.MissingUrl,
    ),
    Case(
        "Start if no_url: refuse_missing_url",
        [ENDING],
        inputs.Start(NOWHERE),
        ["reset hearing", *END, "emit Error"],
        {"settings": NOWHERE, **ENDED_2},
        error=Code.MissingUrl,
    ),
    Case(
        "Start if mic_open: begin_with_microphone_open",
        [IDLE],
        START,
        ["reset hearing", "open connection 1"],
        {**BEGUN, "connection": 1, "speaking": False},
        given={**OLD, **OPEN, "speaking": True},
    ),
    Case(
        "Start if mic_opening: begin_with_microphone_opening",
        [IDLE],
        START,
        ["reset hearing"],
        BEGUN,
        given={**OLD, "mic": MicPhase.OPENING},
    ),
    Case(
        "Start if mic_closed: begin_with_microphone_closed",
        [IDLE],
        START,
        ["reset hearing", "open microphone 2, usb"],
        {**BEGUN, "mic": MicPhase.OPENING, "mic_request": 2},
        given={**OLD, "mic_device_id": "built-in", "chosen_mic_id": "usb"},
    ),
    Case(
        "Start: restart",
        [ENDING],
        START,
        [*END, "reset hearing", "open microphone 2, None"],
        {**ENDED_2, **BEGUN, "mic": MicPhase.OPENING, "mic_request": 2},
        given=OLD,
    ),
    Case(
        "StartMic if mic_closed: start_microphone",
        MIC_IN_CALL,
        inputs.StartMic("usb"),
        ["open microphone 2, usb"],
        {"mic": MicPhase.OPENING, "mic_request": 2, "chosen_mic_id": "usb", "error": None},
        given={"mic": MicPhase.CLOSED, "error": error()},
    ),
    Case(
        "StartMic if mic_closed: start_microphone",
        [IDLE],
        inputs.StartMic(),
        ["open microphone 2, the one before"],
        {"mic": MicPhase.OPENING, "mic_request": 2},
        given={"chosen_mic_id": "the one before"},
    ),
    Case(
        "MicrophoneOpened if requested: connect_with_microphone",
        [OPENING],
        inputs.MicrophoneOpened(1, "usb", False, *DEVICES),
        ["open connection 1"],
        {
            **OPEN,
            "mic_device_id": "usb",
            "echo_cancellation": False,
            "mic_devices": DEVICES[0],
            "speaker_devices": DEVICES[1],
            "connection": 1,
        },
    ),
    Case(
        "MicrophoneOpened if requested: microphone_opened",
        MIC_IN_CALL,
        inputs.MicrophoneOpened(1, "usb"),
        [],
        {**OPEN, "mic_device_id": "usb"},
        given={"mic": MicPhase.OPENING, "mic_devices": DEVICES[0]},
    ),
    Case(
        "MicrophoneFailed if requested: fail_without_microphone",
        [OPENING],
        inputs.MicrophoneFailed(1, error()),
        ["close microphone", *END, "emit Error"],
        {**WITH_MIC, "connection": 1, "chosen_mic_id": None},
        given={"chosen_mic_id": "usb"},
        error=Code.Mic,
    ),
    Case(
        "MicrophoneFailed if requested: microphone_failed",
        MIC_IN_CALL,
        inputs.MicrophoneFailed(1, error()),
        ["emit Error"],
        {"mic": MicPhase.CLOSED, "chosen_mic_id": None},
        given={"mic": MicPhase.OPENING, "chosen_mic_id": "usb"},
        error=Code.Mic,
    ),
    Case(
        "MicrophoneEnded if capturing: microphone_ended",
        [IDLE, *CONNECTED],
        inputs.MicrophoneEnded(1),
        ["close microphone", "reset hearing"],
        {"mic": MicPhase.CLOSED, "mic_request": 2},
        given=OPEN,
    ),
    Case(
        "MicrophoneEnded if capturing: microphone_ended",
        [RETRYING],
        inputs.MicrophoneEnded(1, error()),
        ["close microphone", "emit Error"],
        {"mic": MicPhase.CLOSED, "mic_request": 2},
        error=Code.Mic,
    ),
]

CONNECTIONS = [
    Case(
        "ConnectionOpened if current: send_params",
        [CONNECTING],
        inputs.ConnectionOpened(1),
        ["send params", "set ready 1000 ms"],
    ),
    Case(
        "ConnectionOpened if current: send_params",
        [CONNECTING],
        inputs.ConnectionOpened(1),
        ["set ready 1000 ms"],
        given={"settings": Settings(has_url=True)},
    ),
    Case(
        "Received if current: become_ready_and_receive",
        [GREETING],
        inputs.Received(1, wire.Message(wire.TextMessage("assistant", "Hello"))),
        ["cancel ready", "send StartSpeaking", "send 512 samples", "emit Message"],
        {
            "was_ready": True,
            "error": None,
            "outbox": (),
            "drop_answer_until_ms": 1040,
            "conversation": (wire.TextMessage("assistant", "Hello"),),
        },
        given={**OUTBOX, "error": error(), "round_trip_ms": 20},
    ),
    Case(
        "TimerFired if ready: become_ready",
        [GREETING],
        inputs.TimerFired(Timer.READY),
        ["cancel ready", "send StartSpeaking", "send 512 samples"],
        {"was_ready": True, "error": None, "outbox": (), "drop_answer_until_ms": 1040},
        given={**OUTBOX, "error": error(), "round_trip_ms": 20},
    ),
    Case(
        "TimerFired if ready: become_ready",
        [GREETING],
        inputs.TimerFired(Timer.READY),
        ["cancel ready"],
        {"processing": False, "rejoined": True, "attempt": 0},
        given={"was_ready": True, "attempt": 3},
    ),
    Case(
        "TimerFired if retry: reconnect",
        [RETRYING],
        inputs.TimerFired(Timer.RETRY),
        ["open connection 2"],
        {"connection": 2, "odd_byte": b"", "drop_answer_until_ms": 0},
        given={"odd_byte": b"x", "drop_answer_until_ms": 9},
    ),
    Case(
        "ConnectionFailed if recoverable: lose_connection",
        [CONNECTING],
        inputs.ConnectionFailed(1, error(Code.Connection)),
        ["warn: It broke. Trying again.", "cancel ready", "set retry 2000 ms less up to 30%"],
        {"attempt": 2, "processing": False},
        given={"was_ready": True, "attempt": 1},
    ),
    Case(
        "ConnectionFailed if current: fail_to_connect",
        [CONNECTING],
        inputs.ConnectionFailed(1, error(Code.Connection)),
        ["close microphone", *END, "emit Error", "reset hearing"],
        {**WITH_MIC, "outbox": ()},
        given=OUTBOX,
        error=Code.Connection,
    ),
    Case(
        "ConnectionFailed if current: fail_to_connect",
        [CONNECTING],
        inputs.ConnectionFailed(1, error(Code.Connection)),
        ["close microphone", *END, "emit Error"],
        WITH_MIC,
        given={"was_ready": True, "attempt": 2},
        error=Code.Connection,
    ),
    Case(
        "ConnectionFailed if current: fail_to_connect",
        [CONNECTING],
        inputs.ConnectionFailed(1, error(Code.Unauthorized)),
        ["close microphone", *END, "emit Error"],
        WITH_MIC,
        given={"was_ready": True},
        error=Code.Unauthorized,
    ),
    Case(
        "ConnectionClosed if recoverable: lose_connection",
        [LIVE],
        inputs.ConnectionClosed(1, 1006),
        [
            f"warn: {error_for_close(1006).message} Trying again.",
            "cancel ready",
            RETRY,
            "reset hearing",
        ],
        {"attempt": 1, "speaking": False, "goodbye_due": False, "partial_assistant_message": ""},
        given={"speaking": True, "goodbye_due": True, "partial_assistant_message": "Well"},
    ),
    Case(
        "ConnectionClosed if recoverable: lose_connection",
        [GREETING],
        inputs.ConnectionClosed(1, 1011),
        [f"warn: {error_for_close(1011).message} Trying again.", "cancel ready", RETRY],
        {"attempt": 1, "processing": False},
        given={"was_ready": True},
    ),
    Case(
        "ConnectionClosed if refused: fail_refused",
        [GREETING],
        inputs.ConnectionClosed(1, 1000),
        ["close microphone", *END, "emit Error", "reset hearing"],
        WITH_MIC,
        error=Code.Connection,
    ),
    Case(
        "ConnectionClosed if over: play_out",
        [LIVE],
        inputs.ConnectionClosed(1, 1005),
        ["close microphone", "reset hearing"],
        {"mic": MicPhase.CLOSED, "mic_request": 2, "processing": False, "goodbye_due": False, "speaking": False},
        given={"sent_samples": 9, "processing": True, "goodbye_due": True},
    ),
    Case(
        "ConnectionClosed if over: play_out",
        [GREETING],
        inputs.ConnectionClosed(1, 1000),
        ["close microphone"],
        {"mic": MicPhase.CLOSED, "mic_request": 2, "processing": False},
        given={"was_ready": True, "sent_samples": 9},
    ),
    Case(
        "ConnectionClosed if current: play_out",
        [ENDING],
        inputs.ConnectionClosed(1, 1011),
        [],
        {"processing": False, "goodbye_due": False},
        given={"sent_samples": 9, "goodbye_due": True},
    ),
    Case(
        "ConnectionClosed if current: fail_closed",
        [GREETING],
        inputs.ConnectionClosed(1, 4401),
        ["close microphone", *END, "emit Error", "reset hearing"],
        WITH_MIC,
        error=Code.Unauthorized,
    ),
    Case(
        "ConnectionClosed if current: fail_closed",
        [LIVE],
        inputs.ConnectionClosed(1, 1006),
        ["close microphone", *END, "emit Error", "reset hearing"],
        WITH_MIC,
        given=NO_RETRY,
        error=Code.Connection,
    ),
]

CASES = BEGINNINGS + CONNECTIONS
