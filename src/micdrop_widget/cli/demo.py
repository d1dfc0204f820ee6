"""A whole call without browser or microphone: a spoken sentence calls the embedded server, with a log as it goes on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from importlib.resources import as_file, files

import numpy as np

from micdrop_widget.agents import MicdropServer
from micdrop_widget.audio import Pcm, samples_to_ms
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.call.client import MicdropClient
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from micdrop_widget.errors import MicdropError
from micdrop_widget.history.turns import Turn
from micdrop_widget.protocol import ConversationItem
from micdrop_widget.state import MicdropState

__all__ = ["run"]

_LIMIT_S = 30

_WORDS = {
    "isMicStarted": ("the microphone is open", "the microphone is closed"),
    "isStarted": ("the call is ready", "the call has ended"),
    "isUserSpeaking": ("the user speaks", "the user has finished"),
    "isAssistantSpeaking": ("the assistant is heard", "the assistant has finished"),
}

_TIMES = (
    ("speech confirmed, StartSpeaking sent", "confirmed_ms"),
    ("turn over, StopSpeaking sent", "stopped_ms"),
    ("the server understood", "user_message_ms"),
    ("first audio of the answer", "first_audio_ms"),
    ("first sample heard", "heard_ms"),
    ("answer heard to the end", "answer_end_ms"),
)


def run() -> int:
    """Run the demo on standard output.

    Returns
    -------
    int
        0 if the echo that came back is the sentence that went out, sample for sample and whole; 1 otherwise.
    """
    try:
        return asyncio.run(_demo())
    except (MicdropError, TimeoutError) as error:
        _say(f"The demo failed: {error}")
        return 1


async def _demo() -> int:
    with as_file(files("micdrop_widget") / "samples" / "hello.wav") as path:
        sentence = as_pcm(path)
    speaker = VirtualSpeaker(keep=True)
    async with MicdropServer() as server:
        _say(
            f"A spoken sentence of {samples_to_ms(len(sentence)) / 1000:.1f} s calls the echo server at {server.url}.\n"
        )
        async with MicdropClient(server.url, source=ArraySource(sentence), sink=speaker) as call:
            began = asyncio.get_running_loop().time()

            def log(what: str) -> None:
                _say(f"{asyncio.get_running_loop().time() - began:8.3f} s  {what}")

            call.on("StateChange", lambda state, previous: _log_changes(state, previous, log))
            call.on("Message", lambda item: log(f"  {_line(item)}"))
            await call.start()
            await call.until(isAssistantSpeaking=True, timeout=_LIMIT_S)
            await call.until(isAssistantSpeaking=False, timeout=_LIMIT_S)
            await call.stop()
            conversation, turns = call.state.conversation, call.turns

    _say("\nThe conversation")
    for item in conversation:
        _say(f"  {_line(item)}")
    _say("\nThe timings, in milliseconds since the start")
    for label, field in _TIMES:
        time_ms = getattr(turns[0], field)
        _say(f"  {label:<40}{'never' if time_ms is None else format(time_ms, '.0f'):>8}")
    return _verdict(sentence, turns[0], speaker.heard)


def _log_changes(state: MicdropState, previous: MicdropState, log: Callable[[str], None]) -> None:
    for field, (begins, ends) in _WORDS.items():
        now = getattr(state, field)
        if now != getattr(previous, field):
            log(begins if now else ends)


def _line(item: ConversationItem) -> str:
    content = getattr(item, "content", None) or repr(item)
    return f"{item.role}: {content}"


def _verdict(sentence: Pcm, turn: Turn, heard: Pcm) -> int:
    """Compare what was heard with what was said: the same samples, and no speech outside of them."""
    said = sentence[turn.start_sample : turn.end_sample]
    spoken = np.flatnonzero(np.abs(sentence.astype(np.int32)) > 200)
    whole = turn.start_sample <= spoken[0] and turn.end_sample is not None and spoken[-1] < turn.end_sample
    same = np.array_equal(said, heard)
    _say(
        f"\nThe echo is {'' if same else 'NOT '}the utterance, sample for sample ({len(heard)} of {len(said)}), "
        f"and the utterance holds {'' if whole else 'NOT '}the whole sentence."
    )
    return 0 if same and whole else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
