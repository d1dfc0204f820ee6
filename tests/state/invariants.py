"""What holds for every state of a call, in the words of the protocol page, section 2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.history.turns import Turn
from micdrop_widget.state import Call, MicdropState, NoticeCode, Phase


def check_state(call: Call, state: MicdropState) -> None:
    """Raise an AssertionError that says what does not hold."""
    in_call = state.isStarting or state.isStarted
    assert in_call == (call.phase is not Phase.IDLE)
    assert not (state.isStarting and state.isStarted), "either starting or started"
    assert not state.isReconnecting or state.isStarted, "isStarted stays true while reconnecting"

    listening = state.isMicStarted and not (
        state.isPaused or state.isProcessing or state.isMicMuted or state.isUserSpeaking or state.isAssistantSpeaking
    )
    assert state.isListening == listening, "isListening is what the page says it is"

    assert not (state.isProcessing and state.isPaused), "never processing while paused"
    assert not (state.isProcessing and state.isUserSpeaking), "confirmed speech ends processing"
    assert not (state.isProcessing and not in_call), "no call, no answer to wait for"
    assert not (state.isUserSpeaking and state.isAssistantSpeaking), "confirmed speech stops the assistant"
    assert not (state.isAssistantSpeaking and state.isPaused), "pause stops playback"
    assert not (state.isAssistantSpeaking and not state.isStarted), "no call, no assistant"
    assert not state.isUserSpeaking or state.isMicStarted, "speech comes from a microphone"
    assert not (call.endpointing and call.user_speaking), "a pause is a pause"
    assert not call.endpointing or (in_call and call.settings.detects_turns), "only a turn detector leaves a turn open"
    assert not call.endpointing or not (state.isProcessing or state.isAssistantSpeaking or state.isMicMuted)
    assert not (state.isUserSpeaking and state.isMicMuted), "a microphone that is not listened to hears no speech"
    assert not state.isPaused or in_call, "a pause ends with its call"

    for is_ignored in (state.isMuted, state.isPaused, state.isReconnecting):
        assert state.isMicMuted or not is_ignored, "mute, pause and a lost connection make the microphone ignored"
    if call.interruption_disabled:
        assert state.isMicMuted or not state.isAssistantSpeaking, "the assistant is not interrupted by its echo"

    unheard = not state.isMicStarted or state.isMuted or state.isPaused
    codes = [notice.code for notice in state.notices]
    assert NoticeCode.SilentMicrophone not in codes or not unheard, "nothing is known of what is not listened to"
    assert not (call.unanswered and state.isProcessing), "an answer is awaited, or was given up"
    assert len(set(codes)) == len(codes)

    kept = sum(len(item) for item in call.outbox if isinstance(item, np.ndarray))
    assert kept <= 30 * SAMPLE_RATE, "what is kept for the server is bounded"
    before_ready = call.phase in (Phase.OPENING, Phase.CONNECTING, Phase.GREETING)
    assert not call.outbox or before_ready, "nothing is kept when it could be sent, or never will be"
    assert len(call.odd_byte) <= 1


_ORDER = (
    ("speech_start_ms", "speech_end_ms"),
    ("speech_end_ms", "stopped_ms"),
    ("speech_start_ms", "confirmed_ms"),
    ("confirmed_ms", "stopped_ms"),
    ("stopped_ms", "user_message_ms"),
    ("stopped_ms", "first_audio_ms"),
    ("first_audio_ms", "heard_ms"),
    ("heard_ms", "voiced_ms"),
    ("heard_ms", "answer_end_ms"),
)


def check_turns(turns: Sequence[Turn], now_ms: float) -> None:
    """Check that no time of a turn goes back, that its parts add up, and that none is of another turn."""
    for turn in turns:
        for earlier, later in _ORDER:
            first, second = getattr(turn, earlier), getattr(turn, later)
            assert first is None or second is None or first <= second, f"{earlier} after {later} in {turn}"
        parts = (turn.endpointing_ms, turn.server_ms, turn.playout_ms, turn.lead_in_ms)
        if None not in parts:
            assert sum(part for part in parts if part is not None) == turn.reply_latency_ms
        if turn.kind != "user":
            assert (turn.speech_start_ms, turn.confirmed_ms, turn.stopped_ms, turn.user_message_ms) == (None,) * 4
        assert turn.answer_heard_ms is None or turn.answer_heard_ms <= (turn.answer_received_ms or 0)
        assert all(getattr(turn, name) is None or getattr(turn, name) <= now_ms for pair in _ORDER for name in pair)
    stops = [turn.stopped_ms for turn in turns if turn.stopped_ms is not None]
    answers = [turn.first_audio_ms for turn in turns if turn.first_audio_ms is not None]
    assert stops == sorted(stops)
    assert answers == sorted(answers)
