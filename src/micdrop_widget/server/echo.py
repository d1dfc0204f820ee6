"""The default answer, without any model: the user's own voice."""

from __future__ import annotations

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.server.call import ServerCall

__all__ = ["echo"]


async def echo(call: ServerCall, utterance: Pcm) -> None:
    """Answer with the user's samples, and a message for each side."""
    seconds = len(utterance) / SAMPLE_RATE
    await call.send_message("user", f"({seconds:.1f} s of speech)")
    await call.send_audio(utterance)
    await call.send_message("assistant", f"(the same {seconds:.1f} s, in your own voice)")
