"""The connection comes, is ready, is lost and comes back."""

from __future__ import annotations

from micdrop_widget.errors import MicdropError, MicdropErrorCode, error_for_close
from micdrop_widget.state import inputs
from micdrop_widget.state.actions.answer import receive
from micdrop_widget.state.effects import CancelTimer, SendParams, Timer, Warn
from micdrop_widget.state.limits import READY_GRACE_MS, connection_limit_ms
from micdrop_widget.state.step import Step

__all__ = [
    "become_ready",
    "become_ready_and_receive",
    "fail_closed",
    "fail_early",
    "fail_to_open",
    "give_up",
    "give_up_and_retry",
    "reconnect",
    "send_params",
    "wait_to_retry",
]

_RETRY_JITTER = 0.3


def send_params(step: Step, _: inputs.ConnectionOpened) -> None:
    """Send the params, then nothing until the server is ready."""
    if step.call.settings.has_params:
        step.add(SendParams())
    step.set_timer(Timer.READY, READY_GRACE_MS)


def become_ready(step: Step, _: inputs.TimerFired) -> None:
    """Treat the server as ready: it sent nothing during the grace period."""
    step.set(processing=_answer_awaited(step))
    _ready(step)


def become_ready_and_receive(step: Step, received: inputs.Received) -> None:
    """Treat the server as ready, and receive its first frame."""
    answer_awaited = _answer_awaited(step)
    _ready(step)
    receive(step, received)
    if answer_awaited:  # a greeting is no answer to what the user has already asked
        step.set(processing=True, answer_written=False)


def _answer_awaited(step: Step) -> bool:
    """Return whether an utterance that has ended waits in the outbox for the server to be ready."""
    return step.call.processing and bool(step.call.outbox)


def _ready(step: Step) -> None:
    step.add(CancelTimer(Timer.READY))
    step.set(was_ready=True, rejoined=step.call.was_ready, attempt=0, error=None)
    step.send_outbox()


def fail_to_open(step: Step, failed: inputs.ConnectionFailed) -> None:
    """Fail the call: a first connection is not tried again, nor one after the last attempt."""
    step.fail(failed.error)


def fail_closed(step: Step, closed: inputs.ConnectionClosed) -> None:
    """Fail the call with the error that the close code stands for."""
    step.fail(error_for_close(closed.close_code, closed.reason))


def fail_early(step: Step, _: inputs.ConnectionClosed) -> None:
    """Fail the call: the server closed normally before it was ready."""
    step.fail(
        MicdropError(
            MicdropErrorCode.Connection,
            "The server closed the connection before the call was ready.",
            "Look at the server's log, then start the call again.",
        ),
    )


def wait_to_retry(step: Step, lost: inputs.ConnectionClosed | inputs.ConnectionFailed) -> None:
    """Log why the connection was lost, drop the open utterance, and wait before the next attempt."""
    error = lost.error if isinstance(lost, inputs.ConnectionFailed) else error_for_close(lost.close_code, lost.reason)
    _retry_after(step, error)


def give_up_and_retry(step: Step, _: inputs.TimerFired) -> None:
    """Give up a socket that neither opens nor fails, and wait before the next attempt."""
    error = _did_not_connect(step)
    step.close_connection()
    _retry_after(step, error)


def give_up(step: Step, _: inputs.TimerFired) -> None:
    """Fail the call: the socket neither opens nor fails."""
    step.fail(_did_not_connect(step))


def _did_not_connect(step: Step) -> MicdropError:
    limit_s = connection_limit_ms(step.call.settings.reconnect) / 1000
    return MicdropError(
        MicdropErrorCode.Connection,
        f"The connection neither opened nor failed within {limit_s:g} s.",
        "Check the network, and the functions given as params or headers.",
    )


def _retry_after(step: Step, error: MicdropError) -> None:
    attempt = step.call.attempt + 1
    step.add(Warn(f"{error.message} Trying again."))
    step.drop_utterance()
    step.set(
        attempt=attempt,
        processing=False,
        goodbye_due=False,
        partial_assistant_message="",
        outbox=(),
    )
    step.add(CancelTimer(Timer.READY))
    step.set_timer(Timer.RETRY, step.call.settings.reconnect.delay_before(attempt), _RETRY_JITTER)


def reconnect(step: Step, _: inputs.TimerFired) -> None:
    """Connect again."""
    step.open_connection()
