"""The names of the quantities of a turn, as tables and files have them."""

from __future__ import annotations

__all__ = ["ANCHORS", "COUNTS", "DERIVED", "FLAGS", "TEXTS"]

ANCHORS = (
    "speech_start",
    "confirmed",
    "speech_end",
    "stopped",
    "user_message",
    "first_audio",
    "heard",
    "voiced",
    "assistant_message",
    "answer_end",
)
"""The moments of a turn, in their order; each has a time, `…_ms`, and with it a sample of the recording, `…_sample`."""

DERIVED = (
    "reply_latency_ms",
    "endpointing_ms",
    "server_ms",
    "playout_ms",
    "lead_in_ms",
    "transcription_ms",
    "answer_latency_ms",
    "utterance_ms",
    "speech_ms",
    "answer_heard_ms",
    "answer_received_ms",
    "yield_ms",
    "stt_ms",
    "agent_first_text_ms",
    "tts_first_audio_ms",
)
"""The quantities that are computed from them, or measured elsewhere."""

TEXTS = ("user_text", "assistant_text", "heard_text")
FLAGS = ("interrupted", "false_interruption", "skipped", "cancelled")
COUNTS = ("underruns", "holds")
