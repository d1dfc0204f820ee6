"""The steps before a turn: the call was started, and the server is connected."""

from __future__ import annotations

from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.history.diagnosis.facts import CallFacts
from micdrop_widget.history.diagnosis.result import Step
from micdrop_widget.state.snapshot import Phase

__all__ = ["cause_of", "connection", "remedy_of", "started"]

_REMEDIES = {
    MicdropErrorCode.MissingUrl: "Pass url=, the address of the server.",
    MicdropErrorCode.Mic: "Check the microphone, and look at the traceback in the log; then start again.",
    MicdropErrorCode.Connection: "Start the server; check the url, the proxy, and the certificate of a wss:// address.",
    MicdropErrorCode.InternalServer: "Look at the server's log.",
    MicdropErrorCode.BadRequest: "Pass the params that this server expects.",
    MicdropErrorCode.Unauthorized: "Pass a valid token in params or headers.",
    MicdropErrorCode.NotFound: "Check the path of the url, and the ids in params.",
    MicdropErrorCode.Unknown: "Look at the server's log for what it means by its close code.",
}
"""Fixed texts, since the remedy of an error may hold an address, or a server's own text."""


def cause_of(error: MicdropError) -> str:
    """Return why something failed, in words that hold nothing private."""
    return f"{error.code}, {error.reason}" if error.reason else f"{error.code}"


def remedy_of(error: MicdropError) -> str:
    """Return what to do about a failure, in words that hold nothing private."""
    return error.remedy if error.reason else _REMEDIES[error.code]


def started(facts: CallFacts) -> Step:
    """Check that the call was started."""
    call, seconds = facts.call, facts.now_ms / 1000
    values = {"phase": call.phase.value, "call_ms": facts.now_ms}
    if not facts.has_begun:
        return Step("", "broken", "it was never started", "Press Start, or call start().", {"phase": call.phase.value})
    if call.phase is Phase.IDLE:
        return Step("", "ok", f"started {seconds:.1f} s ago, and over", values=values)
    return Step("", "ok", f"{call.phase.value}, started {seconds:.1f} s ago", values=values)


def connection(facts: CallFacts) -> Step:
    """Check that the server is connected, and ready."""
    call, error = facts.call, facts.connection_error
    values: dict[str, float | int | str | bool] = {
        "connections": facts.connections,
        "frames_received": facts.frames_received,
    }
    if facts.close_code is not None:
        values["close_code"] = facts.close_code
    if call.error is not None and call.error.code is MicdropErrorCode.MissingUrl:
        return Step("", "broken", "there is no url", remedy_of(call.error), values)
    match call.phase:
        case Phase.LIVE | Phase.ENDING:
            return Step("", "ok", _ready(facts), values=values)
        case Phase.GREETING:
            return Step("", "waiting", "open, and the server has not said a word yet", "", values)
        case Phase.RETRYING | Phase.CONNECTING if error is not None and facts.was_ready:
            seen = f"lost ({cause_of(error)}), attempt {call.attempt} to come back"
            return Step("", "broken", seen, remedy_of(error), values)
        case Phase.CONNECTING:
            return Step("", "waiting", "the server has not answered yet", "Check that the server is running.", values)
        case Phase.IDLE if error is not None:
            verb = "lost" if facts.connections else "not made"
            return Step("", "broken", f"{verb} ({cause_of(error)})", remedy_of(error), values)
        case Phase.IDLE if facts.connections:
            if facts.was_ready:
                return Step("", "ok", "was made, and is over", values=values)
            advice = "Look at the server's log: it ended the call before it was ready."
            return Step("", "broken", "closed before the server was ready", advice, values)
        case _:
            return Step("", "not reached", "not tried yet", values=values)


def _ready(facts: CallFacts) -> str:
    again = f", connection {facts.connections}" if facts.connections > 1 else ""
    if not facts.frames_received:
        return f"open; the server has not sent anything{again}"
    return f"ready{again}"
