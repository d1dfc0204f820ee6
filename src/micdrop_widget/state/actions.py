"""What the call machine does in each transition. The table in `state.machine` says when."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.audio import pcm_from_bytes
from micdrop_widget.errors import MicdropError, MicdropErrorCode, error_for_close
from micdrop_widget.state import inputs as i
from micdrop_widget.state.effects import CancelTimer, Emit, Play, SendParams, Timer, Warn
from micdrop_widget.state.snapshot import MicPhase
from micdrop_widget.state.step import Step
from micdrop_widget.vad.events import SpeechConfirmed, SpeechContinued, SpeechEnded

READY_GRACE_MS = 1000
"""A server that says nothing for this long after the params is taken to be ready."""

ANSWER_GAP_MS = 200
"""Silence after the last sample heard that ends an answer: a server that stutters is still one answer."""

ECHO_TAIL_MS = 300
"""How long the microphone stays deaf after the assistant, with interruption disabled (Micdrop's value)."""

GOODBYE_MS = 5000
"""How long a graceful stop waits for an answer to begin: a server may hold one back for 4 s."""

_RETRY_JITTER = 0.3


# Start and the microphone


def refuse_missing_url(step: Step, start: i.Start) -> None:
    """Fail before anything was opened."""
    begin(step, start)
    fail(
        step,
        MicdropError(
            MicdropErrorCode.MissingUrl,
            "The call has no url.",
            "Give the server's address: MicdropWidget(url='ws://localhost:8081').",
        ),
    )


def begin(step: Step, start: i.Start) -> None:
    """Begin a new call: what the last one left is cleared, and what was heard before it stays unsent."""
    step.set(
        settings=start.settings,
        conversation=(),
        partial_assistant_message="",
        error=None,
        processing=True,
        speaking=False,
        goodbye_due=False,
    )
    step.reset_hearing()


def begin_with_microphone_open(step: Step, start: i.Start) -> None:
    """Begin, with the microphone that `start_mic` opened."""
    begin(step, start)
    step.open_connection()


def begin_with_microphone_opening(step: Step, start: i.Start) -> None:
    """Begin while `start_mic` still waits for the microphone: the same request serves both."""
    begin(step, start)


def begin_with_microphone_closed(step: Step, start: i.Start) -> None:
    """Begin by asking for the microphone."""
    begin(step, start)
    step.request_microphone(step.call.mic_device_id)


def restart(step: Step, start: i.Start) -> None:
    """End the call that is being heard out, and begin the next one."""
    step.end_call()
    begin_with_microphone_closed(step, start)


def start_microphone(step: Step, start_mic: i.StartMic) -> None:
    """Ask for the microphone without a call."""
    step.set(error=None)
    step.request_microphone(start_mic.device_id or step.call.mic_device_id)


def microphone_opened(step: Step, opened: i.MicrophoneOpened) -> None:
    """Note what was opened, and listen from its first sample."""
    call = step.call
    step.set(
        mic=MicPhase.OPEN,
        mic_device_id=opened.device_id,
        echo_cancellation=opened.echo_cancellation,
        mic_devices=opened.mic_devices or call.mic_devices,
        speaker_devices=opened.speaker_devices or call.speaker_devices,
    )


def connect_with_microphone(step: Step, opened: i.MicrophoneOpened) -> None:
    """Note what was opened, and connect."""
    microphone_opened(step, opened)
    step.open_connection()


def microphone_failed(step: Step, failed: i.MicrophoneFailed) -> None:
    """Report it; outside a call nothing else has to end."""
    step.set(mic=MicPhase.CLOSED)
    step.report(failed.error)


def fail_without_microphone(step: Step, failed: i.MicrophoneFailed) -> None:
    """Fail the start."""
    fail(step, failed.error)


def microphone_ended(step: Step, ended: i.MicrophoneEnded) -> None:
    """Close the microphone; the call goes on without it."""
    step.release_microphone()
    if ended.error is not None:
        step.report(ended.error)


# The connection


def send_params(step: Step, _: i.ConnectionOpened) -> None:
    """Send the params, then nothing until the server is ready."""
    if step.call.settings.has_params:
        step.add(SendParams())
    step.set_timer(Timer.READY, READY_GRACE_MS)


def become_ready(step: Step, _: i.TimerFired) -> None:
    """Take the server for ready after the grace period. Who has not spoken yet may."""
    step.set(processing=_question_kept(step))
    _ready(step)


def become_ready_and_receive(step: Step, received: i.Received) -> None:
    """Take the first frame of the server as the sign that it is ready."""
    waiting = _question_kept(step)
    _ready(step)
    receive(step, received)
    if waiting:  # a greeting is no answer to what the user has already asked
        step.set(processing=True)


def _question_kept(step: Step) -> bool:
    return step.call.processing and bool(step.call.outbox)


def _ready(step: Step) -> None:
    step.add(CancelTimer(Timer.READY))
    step.set(was_ready=True, rejoined=step.call.was_ready, attempt=0, error=None)
    step.send_outbox()


def fail_to_connect(step: Step, failed: i.ConnectionFailed) -> None:
    """Fail: a first connection that does not come about is not tried again."""
    fail(step, failed.error)


def fail_closed(step: Step, closed: i.ConnectionClosed) -> None:
    """Fail with what the close code stands for."""
    fail(step, error_for_close(closed.close_code, closed.reason))


def fail_refused(step: Step, _: i.ConnectionClosed) -> None:
    """Fail: the server closed normally before the call was ready."""
    fail(
        step,
        MicdropError(
            MicdropErrorCode.Connection,
            "The server closed the connection before the call was ready.",
            "Look at the server's log, then start the call again.",
        ),
    )


def lose_connection(step: Step, _: i.ConnectionClosed | i.ConnectionFailed) -> None:
    """Wait before the next attempt. The open utterance died with the connection."""
    attempt = step.call.attempt + 1
    step.set(attempt=attempt, speaking=False, processing=False, outbox=())
    step.add(CancelTimer(Timer.READY))
    step.set_timer(Timer.RETRY, step.call.settings.reconnect.delay_before(attempt), _RETRY_JITTER)


def reconnect(step: Step, _: i.TimerFired) -> None:
    """Connect again."""
    step.open_connection()


def fail(step: Step, error: MicdropError) -> None:
    """End the call with an error."""
    step.end_call()
    step.report(error)


# Ends


def stop(step: Step, _: i.Stop | i.ConnectionClosed | i.Completion) -> None:
    """End the call; the server is told that an open utterance is complete."""
    close_utterance(step)
    step.end_call()


def hear_out(step: Step, _: i.Stop) -> None:
    """Release the microphone, and wait until the assistant has been heard."""
    close_utterance(step)
    step.release_microphone()
    if step.call.processing or step.call.goodbye_due:
        step.set_timer(Timer.GOODBYE, GOODBYE_MS)


def play_out(step: Step, _: i.ConnectionClosed) -> None:
    """Release the microphone, and play what has arrived: nothing more will."""
    step.release_microphone()
    step.set(speaking=False, processing=False, goodbye_due=False)


def no_answer_came(step: Step, _: i.TimerFired) -> None:
    """Wait no longer for an answer."""
    step.set(processing=False, goodbye_due=False)


def nothing(_step: Step, _input: i.Input) -> None:
    """Leave everything as it is."""


# Mute and pause


def mute(step: Step, _: i.Mute) -> None:
    """Stop listening; an open utterance is closed by the rule that a deaf microphone has none."""
    step.set(muted=True)


def unmute(step: Step, _: i.Unmute) -> None:
    """Listen again."""
    step.set(muted=False)


def pause(step: Step, _: i.Pause) -> None:
    """Close the utterance, then tell the server, and be silent."""
    if step.call.paused:
        return
    close_utterance(step)
    step.send(wire.MuteCommand())
    step.silence_assistant()
    step.set(paused=True, processing=False)


def resume(step: Step, _: i.Resume) -> None:
    """End the pause; nothing is sent."""
    step.set(paused=False)


# Speech


def open_utterance(step: Step, confirmed: SpeechConfirmed) -> None:
    """Send StartSpeaking and all that was held back; the answer stops at once."""
    step.silence_assistant()
    # What is on the way when the server learns of the interruption belongs to the cancelled answer.
    step.set(
        speaking=True,
        processing=False,
        goodbye_due=False,
        deaf_until_ms=step.now_ms + 2 * step.call.round_trip_ms,
    )
    step.send(wire.StartSpeaking())
    step.send(confirmed.pcm)


def hear_before_call(step: Step, _: SpeechConfirmed) -> None:
    """Show that the user speaks; there is no call to send it to."""
    step.set(speaking=True)


def continue_utterance(step: Step, continued: SpeechContinued) -> None:
    """Send the next samples."""
    if step.call.speaking:
        step.send(continued.pcm)


def end_utterance(step: Step, _: SpeechEnded) -> None:
    """Send StopSpeaking and wait for the answer."""
    close_utterance(step)


def close_utterance(step: Step) -> None:
    """End the open utterance, if there is one."""
    if not step.call.speaking:
        return
    step.send(wire.StopSpeaking())
    step.set(speaking=False, processing=step.call.in_call)


# The server's frames


def receive(step: Step, received: i.Received) -> None:  # noqa: PLR0912 - one case a frame
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
            step.add(Emit("EndCall"))
        case wire.ToolCall() as tool_call:
            step.add(Emit("ToolCall", (tool_call,)))
        case wire.Classification() as classification:
            step.add(Emit("Classification", (classification,)))
        case wire.PartialAssistantMessage(text):
            step.set(partial_assistant_message=text)
            step.add(Emit("PartialAssistantMessage", (text,)))
        case wire.Unknown(name):
            step.add(Warn(f"the server sent {name!r}, which this client does not know; ignored"))
        case wire.Malformed(name, reason):
            step.add(Warn(f"the server sent a {name} that cannot be read ({reason}); ignored"))
        case frame:
            raise TypeError(f"unknown server frame {frame!r}")


def _greets_again(step: Step, item: wire.ConversationItem) -> bool:
    """Return whether a server that was connected to again repeats the greeting that opened the conversation."""
    return step.call.rejoined and step.call.conversation[:1] == (item,)


def _play(step: Step, pcm_bytes: bytes) -> None:
    call = step.call
    if call.paused or call.speaking or step.now_ms < call.deaf_until_ms:
        return
    whole = call.odd_byte + pcm_bytes
    even = len(whole) & ~1
    pcm = pcm_from_bytes(whole[:even])
    step.set(odd_byte=whole[even:], goodbye_due=False)
    if len(pcm):
        step.set(sent_samples=step.call.sent_samples + len(pcm))
        step.add(CancelTimer(Timer.GOODBYE), CancelTimer(Timer.ANSWER_GAP), Play(call.epoch, pcm))


# What was heard


def heard(step: Step, report: i.Heard) -> None:
    """Follow what is heard: the assistant speaks from its first sample to a little after its last."""
    step.set(answering=True, processing=False)
    if report.samples < step.call.sent_samples:
        return
    step.set_timer(Timer.ANSWER_GAP, ANSWER_GAP_MS)
    if step.call.interruption_disabled:
        step.set(echo_tail=True)
        step.set_timer(Timer.ECHO_TAIL, ECHO_TAIL_MS)


def answer_over(step: Step, _: i.TimerFired) -> None:
    """Note that the answer has been heard to the end: the next one is a new epoch."""
    step.set(answering=False, epoch=step.call.epoch + 1, sent_samples=0, odd_byte=b"")


def echo_over(step: Step, _: i.TimerFired) -> None:
    """Note that the room is silent again."""
    step.set(echo_tail=False)


def round_trip(step: Step, measured: i.RoundTripMeasured) -> None:
    """Note how long a ping took."""
    step.set(round_trip_ms=measured.round_trip_ms)
