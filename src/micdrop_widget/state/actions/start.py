"""How a call begins, or fails to."""

from __future__ import annotations

from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.state import inputs
from micdrop_widget.state.step import Step

__all__ = [
    "begin",
    "begin_with_microphone_closed",
    "begin_with_microphone_open",
    "begin_with_microphone_opening",
    "fail_to_start",
    "refuse_missing_url",
    "restart",
]


def refuse_missing_url(step: Step, start: inputs.Start) -> None:
    """Fail the call before anything was opened."""
    begin(step, start)
    step.fail(
        MicdropError(
            MicdropErrorCode.MissingUrl,
            "The call has no url.",
            "Give the server's address: MicdropWidget(url='ws://localhost:8081').",
        ),
    )


def begin_with_microphone_open(step: Step, start: inputs.Start) -> None:
    """Begin with the microphone that `start_mic` opened, and connect."""
    begin(step, start)
    step.open_connection()


def begin_with_microphone_opening(step: Step, start: inputs.Start) -> None:
    """Begin, and wait for the microphone that `start_mic` requested."""
    begin(step, start)


def begin_with_microphone_closed(step: Step, start: inputs.Start) -> None:
    """Begin, and request the microphone."""
    begin(step, start)
    step.request_microphone(step.call.chosen_mic_id)


def restart(step: Step, start: inputs.Start) -> None:
    """End the old call at once, and begin the next one."""
    step.end_call()
    begin_with_microphone_closed(step, start)


def fail_to_start(step: Step, failed: inputs.StartFailed) -> None:
    """Report why the call cannot begin; a microphone that is open already is released."""
    step.fail(failed.error)


def begin(step: Step, start: inputs.Start) -> None:
    """Clear what the last call left; speech from before the call is not sent."""
    step.set(
        settings=start.settings,
        conversation=(),
        partial_assistant_message="",
        error=None,
        processing=True,
        answer_written=False,
        unanswered=None,
        user_speaking=False,
        goodbye_due=False,
    )
    step.reset_detection()
