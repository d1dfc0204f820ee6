"""What the server says, and what the loudspeaker plays of it."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.audio import pcm_from_bytes, samples_to_ms
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import CancelTimer, Emit, Play, Timer, Warn
from micdrop_widget.state.limits import (
    ANSWER_AUDIO_MS,
    ANSWER_GAP_MS,
    ANSWER_MS,
    ECHO_TAIL_MS,
    GOODBYE_MS,
    LOUDSPEAKER_SILENT,
    PLAYBACK_STALL_MS,
    PLAYBACK_UNREPORTED_MS,
    ROUND_TRIPS_KEPT,
)
from micdrop_widget.state.notices import NoticeCode
from micdrop_widget.state.snapshot import Phase
from micdrop_widget.state.step import Step

__all__ = [
    "clear_conversation",
    "end_answer",
    "end_echo_tail",
    "follow_playback",
    "give_up_answer",
    "give_up_playback",
    "note_round_trip",
    "receive",
]


_SAMPLES_ALONE = "let it send signed 16-bit samples at 16 kHz alone, without a header"


def receive(step: Step, received: inputs.Received) -> None:  # noqa: PLR0912 - one case a frame
    """Receive a frame of the server."""
    step.set(unanswered=None)
    match received.frame:
        case wire.Audio(pcm_bytes):
            _play(step, pcm_bytes)
        case wire.Message(item):
            if item.role == "assistant":
                step.set(partial_assistant_message="", answer_written=True)
            if not _greets_again(step, item):
                step.set(conversation=(*step.call.conversation, item))
                step.add(Emit("Message", (item,)))
            step.set(rejoined=False)
        case wire.CancelLastUserMessage():
            items = list(step.call.conversation)
            last = next((n for n in reversed(range(len(items))) if items[n].role == "user"), None)
            if last is not None:
                del items[last]
            step.set(conversation=tuple(items), processing=False)
        case wire.SkipAnswer():
            step.set(processing=False, partial_assistant_message="")
        case wire.EndCall():
            step.set(goodbye_due=True)
            if step.call.phase is Phase.ENDING:
                step.set_timer(Timer.GOODBYE, GOODBYE_MS)
            step.add(Emit("EndCall"))
        case wire.ToolCall() as tool_call:
            step.add(Emit("ToolCall", (tool_call,)))
        case wire.Classification() as classification:
            step.add(Emit("Classification", (classification,)))
        case wire.PartialAssistantMessage(text) if not _cancelled(step):
            step.set(partial_assistant_message=text)
            step.add(Emit("PartialAssistantMessage", (text,)))
        case wire.PartialAssistantMessage():
            pass
        case wire.Unknown(name):
            step.add(Warn(f"the server sent {name!r}, which this client does not know; ignored"))
        case wire.Malformed(name, reason):
            step.add(Warn(f"the server sent a {name} that cannot be read ({reason}); ignored"))
        case frame:
            raise TypeError(f"unknown server frame {frame!r}")


def clear_conversation(step: Step, _: inputs.ClearConversation) -> None:
    """Forget what was said; the draft of a running answer stays, its whole text begins the conversation anew."""
    step.set(conversation=())


def _greets_again(step: Step, item: wire.ConversationItem) -> bool:
    """Return whether the server repeats its greeting after a reconnect."""
    return step.call.rejoined and step.call.conversation[:1] == (item,)


def _cancelled(step: Step) -> bool:
    """Return whether what arrives now belongs to an answer that the user interrupted."""
    return step.call.utterance_open or step.now_ms < step.call.drop_answer_until_ms


def _play(step: Step, pcm_bytes: bytes) -> None:
    call = step.call
    dropped = call.paused or _cancelled(step)
    begins = call.answer_begins and not dropped
    # A frame that is dropped may hold half a sample too: what follows it is read from the right byte on.
    whole = pcm_bytes if begins else call.odd_byte + pcm_bytes
    container = wire.container_of(pcm_bytes)
    if container is not None:
        step.add(Warn(f"the server sent audio that begins like {container}; {_SAMPLES_ALONE}"))
    even = len(whole) & ~1
    step.set(odd_byte=whole[even:], answer_begins=call.answer_begins and dropped)
    if even and not dropped:
        pcm = pcm_from_bytes(whole[:even])
        step.set(playback_samples=call.playback_samples + len(pcm), goodbye_due=False)
        step.add(CancelTimer(Timer.GOODBYE), CancelTimer(Timer.ANSWER_GAP), Play(call.epoch, pcm))
        _await_progress(step, len(pcm))


def _await_progress(step: Step, samples: int) -> None:
    """Let the loudspeaker have as much more time to report progress as it was given samples, but not for ever."""
    now_ms, call = step.now_ms, step.call
    begins = call.unheard_samples == samples
    if begins:
        step.set(playback_deadline_ms=now_ms + PLAYBACK_STALL_MS, playback_reported_ms=now_ms)
    elif now_ms - call.playback_reported_ms > PLAYBACK_UNREPORTED_MS:
        return
    until_ms = max(now_ms, step.call.playback_deadline_ms)
    step.set(playback_deadline_ms=until_ms + samples_to_ms(samples))
    step.set_timer(Timer.PLAYBACK, step.call.playback_deadline_ms - now_ms)


def follow_playback(step: Step, report: inputs.PlaybackProgress) -> None:
    """Note that the assistant is heard; when all samples were heard, wait whether more arrive."""
    progress = report.samples > step.call.heard_samples
    heard_samples = max(report.samples, step.call.heard_samples)
    step.set(assistant_speaking=True, speaker_silent=False, processing=False, heard_samples=heard_samples)
    if step.call.unheard_samples:
        if progress:
            step.await_playback()
        return
    step.set_timer(Timer.ANSWER_GAP, ANSWER_GAP_MS)
    if step.call.interruption_disabled:
        step.set(echo_tail=True)
        step.set_timer(Timer.ECHO_TAIL, ECHO_TAIL_MS)


def give_up_answer(step: Step, _: inputs.TimerFired) -> None:
    """Stop waiting for an answer, or for the audio of its text: the call listens again."""
    if step.call.answer_written:
        step.set(processing=False, unanswered=NoticeCode.NoAnswerAudio)
        step.add(Warn(f"the server sent a text and no audio for {ANSWER_AUDIO_MS / 1000:g} s; the call listens again"))
    else:
        step.set(processing=False, unanswered=NoticeCode.NoAnswer)
        step.add(Warn(f"the server sent no answer for {ANSWER_MS / 1000:g} s; the call listens again"))


def give_up_playback(step: Step, _: inputs.TimerFired) -> None:
    """Stop waiting for the loudspeaker, which reports no progress; what it plays later is heard as usual."""
    step.set(assistant_speaking=False, echo_tail=False, processing=False, speaker_silent=True)
    step.add(Warn(LOUDSPEAKER_SILENT))


def end_answer(step: Step, _: inputs.TimerFired) -> None:
    """End the answer, which was heard to the end; the next one is a new epoch."""
    step.set(assistant_speaking=False, epoch=step.call.epoch + 1, playback_samples=0, heard_samples=0)


def end_echo_tail(step: Step, _: inputs.TimerFired) -> None:
    """Listen again: the echo has died away."""
    step.set(echo_tail=False)


def note_round_trip(step: Step, measured: inputs.RoundTripMeasured) -> None:
    """Note how long a ping took."""
    step.set(round_trips_ms=(*step.call.round_trips_ms[1 - ROUND_TRIPS_KEPT :], measured.round_trip_ms))
