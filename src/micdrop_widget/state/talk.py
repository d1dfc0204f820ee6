"""What the call machine does with speech, with what the server says, and with what is heard of it."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm, pcm_from_bytes
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import AskTurn, CancelTimer, Emit, HearTurn, OpenTurn, Play, Timer, Warn
from micdrop_widget.state.snapshot import Phase
from micdrop_widget.state.step import Step

__all__ = [
    "ANSWER_GAP_MS",
    "ECHO_TAIL_MS",
    "GOODBYE_MS",
    "TURN_ANSWER_MS",
    "answer_over",
    "ask_turn",
    "close_utterance",
    "continue_utterance",
    "echo_over",
    "end_utterance",
    "hear_before_call",
    "heard",
    "open_utterance",
    "receive",
    "resume_utterance",
    "round_trip",
    "wait_for_more",
]

ANSWER_GAP_MS = 200
"""Silence after the last sample heard that ends an answer: a server that stutters is still one answer."""

ECHO_TAIL_MS = 300
"""How long the microphone stays deaf after the assistant, with interruption disabled (Micdrop's value)."""

GOODBYE_MS = 5000
"""How long a graceful stop waits for an answer to begin: a server may hold one back for 4 s."""

TURN_ANSWER_MS = 1000
"""How long the turn detector may take; a turn that it does not know to be incomplete by then is over."""


# Speech


def open_utterance(step: Step, confirmed: SpeechConfirmed) -> None:
    """Send StartSpeaking and all that was held back; the answer stops at once."""
    step.silence_assistant()
    step.set(speaking=True, processing=False, goodbye_due=False)
    step.send(wire.StartSpeaking())
    if step.call.settings.detects_turns:
        step.add(OpenTurn())
    _send_speech(step, confirmed.pcm)


def resume_utterance(step: Step, confirmed: SpeechConfirmed) -> None:
    """Go on with the same utterance: the pause in it is over, and was sent."""
    step.add(CancelTimer(Timer.TURN_WAIT))
    step.set(speaking=True, pausing=False, goodbye_due=False)
    _send_speech(step, confirmed.pcm)


def hear_before_call(step: Step, _: SpeechConfirmed) -> None:
    """Show that the user speaks; there is no call to send it to."""
    step.set(speaking=True)


def continue_utterance(step: Step, continued: SpeechContinued) -> None:
    """Send the next samples, those of a pause included."""
    if step.call.utterance_open:
        _send_speech(step, continued.pcm)


def _send_speech(step: Step, pcm: Pcm) -> None:
    step.send(pcm)
    if step.call.settings.detects_turns:
        step.add(HearTurn(pcm))


def ask_turn(step: Step, _: SpeechEnded) -> None:
    """Leave the turn open and ask whether it is complete; no answer in time counts as one."""
    step.set(speaking=False, pausing=True, question=step.call.question + 1)
    step.add(AskTurn(step.call.question))
    step.set_timer(Timer.TURN_WAIT, TURN_ANSWER_MS)


def wait_for_more(step: Step, _: inputs.TurnPredicted) -> None:
    """Leave the turn open, but not for ever."""
    step.set_timer(Timer.TURN_WAIT, step.call.settings.turn_max_wait_ms)


def end_utterance(
    step: Step, _: SpeechEnded | inputs.MicrophoneStalled | inputs.TurnPredicted | inputs.TimerFired | inputs.Completion
) -> None:
    """Send StopSpeaking and wait for the answer."""
    close_utterance(step)


def close_utterance(step: Step) -> None:
    """End the open utterance, if there is one."""
    if not step.call.utterance_open:
        return
    step.send(wire.StopSpeaking())
    step.drop_utterance()
    step.set(processing=step.call.in_call)


# The server's frames


def receive(step: Step, received: inputs.Received) -> None:  # noqa: PLR0912 - one case a frame
    """Do what a frame of the server asks for."""
    match received.frame:
        case wire.Audio(pcm_bytes):
            _play(step, pcm_bytes)
        case wire.Message(item):
            if item.role == "assistant":
                step.set(partial_assistant_message="")
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


def _greets_again(step: Step, item: wire.ConversationItem) -> bool:
    """Return whether a server that was connected to again repeats the greeting that opened the conversation."""
    return step.call.rejoined and step.call.conversation[:1] == (item,)


def _cancelled(step: Step) -> bool:
    """Return whether what arrives now belongs to an answer that the user has interrupted."""
    return step.call.utterance_open or step.now_ms < step.call.drop_answer_until_ms


def _play(step: Step, pcm_bytes: bytes) -> None:
    call = step.call
    if call.paused or _cancelled(step):
        return
    whole = call.odd_byte + pcm_bytes
    even = len(whole) & ~1
    pcm = pcm_from_bytes(whole[:even])
    step.set(odd_byte=whole[even:])
    if len(pcm):
        step.set(sent_samples=step.call.sent_samples + len(pcm), goodbye_due=False)
        step.add(CancelTimer(Timer.GOODBYE), CancelTimer(Timer.ANSWER_GAP), Play(call.epoch, pcm))


# What was heard


def heard(step: Step, report: inputs.PlaybackProgress) -> None:
    """Follow what is heard: the assistant speaks from its first sample to a little after its last."""
    step.set(answering=True, processing=False)
    if report.samples < step.call.sent_samples:
        return
    step.set_timer(Timer.ANSWER_GAP, ANSWER_GAP_MS)
    if step.call.interruption_disabled:
        step.set(echo_tail=True)
        step.set_timer(Timer.ECHO_TAIL, ECHO_TAIL_MS)


def answer_over(step: Step, _: inputs.TimerFired) -> None:
    """Note that the answer has been heard to the end: the next one is a new epoch."""
    step.set(answering=False, epoch=step.call.epoch + 1, sent_samples=0)


def echo_over(step: Step, _: inputs.TimerFired) -> None:
    """Note that the room is silent again."""
    step.set(echo_tail=False)


def round_trip(step: Step, measured: inputs.RoundTripMeasured) -> None:
    """Note how long a ping took."""
    step.set(round_trip_ms=measured.round_trip_ms)
