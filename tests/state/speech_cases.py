"""Cases of the rows about speech, the server's frames, and what is heard."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import Settings, inputs
from micdrop_widget.state.effects import Timer
from tests.state.cases import (
    ANY,
    CONNECTED,
    CONNECTING,
    ENDING,
    GREETING,
    IDLE,
    LIVE,
    NOISE_OFF,
    OPEN,
    OPENING,
    OUTBOX,
    PCM,
    RETRYING,
    Case,
)

CALL = ANY[1:]
CONFIRMED = SpeechConfirmed(512, 0, PCM)
SPEAKING = {"user_speaking": True, "processing": False}
USER, ASSISTANT = wire.TextMessage("user", "Hi"), wire.TextMessage("assistant", "Hello")
TOOL = wire.ToolCallMessage("1", "t", "{}")
PLAYING = {"epoch": 2, "playback_samples": 100}
UNINTERRUPTED = {"settings": Settings(has_url=True, disable_interruption=True)}

SPEECH = [
    Case("SpeechConfirmed if listens: show_speech_before_call", [IDLE], CONFIRMED, [], {"user_speaking": True}, OPEN),
    Case(
        "SpeechConfirmed if listens: open_utterance",
        [LIVE],
        CONFIRMED,
        ["flush to epoch 3", *NOISE_OFF, "send StartSpeaking", "send 512 samples"],
        {**SPEAKING, "epoch": 3, "playback_samples": 0, "assistant_speaking": False,
        "goodbye_due": False,
         "drop_answer_until_ms": 1050, "partial_assistant_message": ""},
        {**PLAYING, "assistant_speaking": True, "odd_byte": b"x", "goodbye_due": True, "round_trips_ms": (25.0,),
         "partial_assistant_message": "Well", "processing": True},
    ),
    Case(
        "SpeechConfirmed if listens: open_utterance",
        [OPENING, CONNECTING, GREETING],
        CONFIRMED,
        NOISE_OFF,
        {**SPEAKING, "outbox": (wire.StartSpeaking(), PCM)},
        OPEN,
    ),
    Case("SpeechContinued: continue_utterance", [LIVE], SpeechContinued(PCM), ["send 512 samples"], {}, SPEAKING),
    Case("SpeechContinued: continue_utterance", [LIVE], SpeechContinued(PCM)),
    Case("SpeechContinued: continue_utterance", [OPENING, CONNECTING, GREETING], SpeechContinued(PCM), [],
         {"outbox": (wire.StartSpeaking(), PCM, PCM)}, {**OPEN, **OUTBOX}),
    Case("SpeechEnded: end_utterance", [IDLE], SpeechEnded(9), [], {"user_speaking": False}, {**OPEN,
         "user_speaking": True}),
    Case("SpeechEnded: end_utterance", [LIVE], SpeechEnded(9), ["send StopSpeaking"],
         {"user_speaking": False, "processing": True}, SPEAKING),
    Case("SpeechEnded: end_utterance", [OPENING, CONNECTING, GREETING], SpeechEnded(9), [],
         {"user_speaking": False, "processing": True, "outbox": (wire.StartSpeaking(), PCM, wire.StopSpeaking())},
         {**OPEN, **OUTBOX}),
    Case("SpeechEnded: end_utterance", ANY, SpeechEnded(9), given={"assistant_speaking": True}),
    Case("Completion if utterance_while_ignored: end_utterance", [LIVE], inputs.Completion(), ["send StopSpeaking"],
         {"user_speaking": False, "processing": True}, {**SPEAKING, "muted": True}),
    Case("Completion if utterance_while_ignored: end_utterance", [IDLE], inputs.Completion(), [],
         {"user_speaking": False},
         {**SPEAKING, "muted": True}),
    Case("Completion if utterance_while_ignored: end_utterance", [OPENING, CONNECTING, GREETING],
         inputs.Completion(), [],
         {"user_speaking": False, "processing": True, "outbox": (wire.StartSpeaking(), PCM, wire.StopSpeaking())},
         {**OUTBOX, "muted": True}),
    Case("Completion if utterance_while_ignored: end_utterance", [RETRYING, ENDING], inputs.Completion(), [],
         {"user_speaking": False, "processing": True}, {**SPEAKING, "assistant_speaking": True}),
]  # fmt: skip


def receives(frame: wire.ServerFrame, asks: list[str], then: dict[str, object], **given: object) -> Case:
    return Case("Received if current_socket: receive", [LIVE, ENDING], inputs.Received(1, frame), asks, then, given)


CLEARED = Case("ClearConversation: clear_conversation", ANY, inputs.ClearConversation(), [], {"conversation": ()},
               {"conversation": (USER, ASSISTANT), "partial_assistant_message": "Well"})  # fmt: skip

FRAMES = [
    receives(
        wire.Audio(b"\x01\x00\x02\x00\x03"),
        ["cancel goodbye", "cancel answer gap", "play 2 samples in epoch 2"],
        {"playback_samples": 102, "odd_byte": b"\x03", "goodbye_due": False},
        **PLAYING,
        goodbye_due=True,
    ),
    receives(wire.Audio(b"\x01"), [], {"odd_byte": b"\x01"}, goodbye_due=True),
    receives(wire.Audio(b""), [], {}),
    receives(wire.Audio(bytes(8)), [], {}, drop_answer_until_ms=1000.1),
    receives(wire.Audio(bytes(7)), [], {"odd_byte": b"\x00"}, drop_answer_until_ms=1000.1),
    receives(wire.Audio(bytes(7)), [], {"odd_byte": b""}, odd_byte=b"x", drop_answer_until_ms=1000.1),
    receives(wire.Audio(bytes(2)), ["cancel goodbye", "cancel answer gap", "play 1 samples in epoch 0"],
             {"playback_samples": 1, "odd_byte": b"", "answer_begins": False}, odd_byte=b"x", answer_begins=True),
    receives(
        wire.Audio(bytes(8)),
        ["cancel goodbye", "cancel answer gap", "play 4 samples in epoch 0"],
        {"playback_samples": 4},
        drop_answer_until_ms=1000,
    ),
    Case("Received if current_socket: receive", [LIVE], inputs.Received(1, wire.Audio(bytes(8))), given=SPEAKING),
    Case("Received if current_socket: receive", [LIVE], inputs.Received(1, wire.Audio(bytes(8))),
         given={"paused": True}),
    receives(
        wire.Message(ASSISTANT),
        ["emit Message"],
        {"conversation": (USER, ASSISTANT), "partial_assistant_message": "", "rejoined": False},
        conversation=(USER,),
        partial_assistant_message="Hel",
        rejoined=True,
    ),
    receives(
        wire.Message(USER), ["emit Message"], {"conversation": (USER,)}, partial_assistant_message="stays"
    ),
    receives(wire.Message(TOOL), ["emit Message"], {"conversation": (USER, TOOL)}, conversation=(USER,)),
    receives(wire.Message(ASSISTANT), [], {"rejoined": False}, conversation=(ASSISTANT, USER), rejoined=True),
    receives(
        wire.Message(ASSISTANT),
        ["emit Message"],
        {"conversation": (ASSISTANT, ASSISTANT)},
        conversation=(ASSISTANT,),
    ),
    receives(
        wire.CancelLastUserMessage(),
        [],
        {"conversation": (USER, ASSISTANT, TOOL), "processing": False},
        conversation=(USER, ASSISTANT, USER, TOOL),
        processing=True,
        assistant_speaking=True,
    ),
    receives(wire.CancelLastUserMessage(), [], {}, conversation=(ASSISTANT,), processing=False,
    assistant_speaking=True),
    receives(
        wire.SkipAnswer(),
        [],
        {"processing": False, "partial_assistant_message": ""},
        processing=True,
        partial_assistant_message="Well",
        assistant_speaking=True,
    ),
    Case("Received if current_socket: receive", [LIVE], inputs.Received(1, wire.EndCall()), ["emit EndCall"],
         {"goodbye_due": True}),
    Case("Received if current_socket: receive", [ENDING], inputs.Received(1, wire.EndCall()),
         ["set goodbye 5000 ms", "emit EndCall"], {"goodbye_due": True}),
    receives(wire.ToolCall("t"), ["emit ToolCall"], {}),
    receives(wire.PartialAssistantMessage("Well"), [], {}, drop_answer_until_ms=1000.1),
    receives(wire.Classification("a", "b", 1), ["emit Classification"], {}),
    receives(
        wire.PartialAssistantMessage("Well"), ["emit PartialAssistantMessage"], {"partial_assistant_message": "Well"}
    ),
    receives(
        wire.Unknown("Ping"), ["warn: the server sent 'Ping', which this client does not know; ignored"], {}
    ),
    receives(
        wire.Malformed("Message", "why"),
        ["warn: the server sent a Message that cannot be read (why); ignored"],
        {},
    ),
]  # fmt: skip

HEARING = [
    Case("RoundTripMeasured if current_socket: note_round_trip", CONNECTED[1:], inputs.RoundTripMeasured(1, 40), [],
         {"round_trips_ms": (40.0,)}),
    Case("RoundTripMeasured if current_socket: note_round_trip", [CONNECTING, RETRYING, ENDING],
         inputs.RoundTripMeasured(1, 40), [],
         {"round_trips_ms": (40.0,)}),
    Case("RoundTripMeasured if current_socket: note_round_trip", [OPENING], inputs.RoundTripMeasured(0, 40), [],
         {"round_trips_ms": (40.0,)}),
    Case("PlaybackProgress if current_epoch: follow_playback", CALL, inputs.PlaybackProgress(2, 99), [],
         {"assistant_speaking": True, "heard_samples": 99,
         "processing": False}, PLAYING),
    Case("PlaybackProgress if current_epoch: follow_playback", CALL, inputs.PlaybackProgress(2, 100),
         ["set answer gap 200 ms"],
         {"assistant_speaking": True, "processing": False, "heard_samples": 100}, PLAYING),
    Case("PlaybackProgress if current_epoch: follow_playback", [LIVE], inputs.PlaybackProgress(2, 100),
         ["set answer gap 200 ms", "set echo tail 300 ms", "reset detection"],
         {"assistant_speaking": True, "echo_tail": True, "heard_samples": 100}, {**PLAYING, **UNINTERRUPTED}),
    Case("PlaybackProgress if current_epoch: follow_playback", [LIVE], inputs.PlaybackProgress(2, 100),
         ["set answer gap 200 ms", "set echo tail 300 ms", "reset detection"],
         {"assistant_speaking": True, "echo_tail": True, "heard_samples": 100},
         {**PLAYING, "echo_cancellation": False}),
    Case("TimerFired if answer gap: end_answer", CALL, inputs.TimerFired(Timer.ANSWER_GAP), [],
         {"assistant_speaking": False, "epoch": 3, "playback_samples": 0}, {**PLAYING, "assistant_speaking": True,
         "odd_byte": b"x"}),
    Case("TimerFired if echo tail: end_echo_tail", CALL, inputs.TimerFired(Timer.ECHO_TAIL), [], {"echo_tail": False},
         {"echo_tail": True, "assistant_speaking": True}),
]  # fmt: skip

CASES = [*SPEECH, CLEARED, *FRAMES, *HEARING]
