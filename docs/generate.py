"""Writes docs/call-machine.md from the transition table of the call machine: `python docs/generate.py`."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TypeVar

from micdrop_widget.state import machine
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.limits import (
    ANSWER_AUDIO_MS,
    ANSWER_GAP_MS,
    ANSWER_MS,
    AWAITS,
    ECHO_TAIL_MS,
    GOODBYE_MS,
    MICROPHONE_MS,
    PHASE_ENDS,
    PLAYBACK_STALL_MS,
    READY_GRACE_MS,
    TURN_PREDICTION_MS,
)
from micdrop_widget.state.machine import ANY, CALL, TABLE, Row
from micdrop_widget.state.snapshot import Phase

_Member = TypeVar("_Member", bound=Enum)

PAGE = Path(__file__).parent / "call-machine.md"

# These conditions only say that a report is not a late one: too little to stand in the diagram.
_NOT_LATE = {"current socket", "latest request", "current microphone"}

_DURATIONS = {
    Timer.MICROPHONE: f"{MICROPHONE_MS / 1000:g} s",
    Timer.CONNECTION: "three times `connection_timeout_ms` (headers, params, handshake), and 1 s",
    Timer.ANSWER: f"{ANSWER_MS / 1000:g} s after the last frame; {ANSWER_AUDIO_MS / 1000:g} s after the answer's text",
    Timer.PLAYBACK: f"what the samples last, and {PLAYBACK_STALL_MS / 1000:g} s",
    Timer.READY: f"{READY_GRACE_MS} ms",
    Timer.RETRY: "as the option `reconnect` says: 1 s, doubled each time, at most 10 s, up to 30 % less at random",
    Timer.ANSWER_GAP: f"{ANSWER_GAP_MS} ms",
    Timer.ECHO_TAIL: f"{ECHO_TAIL_MS} ms",
    Timer.GOODBYE: f"{GOODBYE_MS} ms",
    Timer.ENDPOINTING: f"{TURN_PREDICTION_MS} ms for the turn detector, then `turn_max_wait_ms`",
}

_HEAD = """# The call machine

<!-- Written by docs/generate.py from micdrop_widget.state.machine.TABLE. Do not edit. -->

Every change of a call's state happens in one place: `micdrop_widget.state.step(call, input, now_ms)` gives the call
afterwards and the effects to carry out. What a step does stands in a table of transitions, from which this page is
drawn. The table is read from the top: the first row whose phase, input and condition fit is taken; where no row
fits, the input changes nothing. After each step the rows on “completion” are tried, for what follows by itself.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


def render() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_phases(), *_ends(), *_diagram(), *_table(), *_timers()]) + "\n"


def _phases() -> Iterator[str]:
    yield from ("## Phases", "", "| phase | |", "| --- | --- |")
    for phase, meaning in _member_docs(Phase).items():
        yield f"| {phase.value} | {meaning} |"
    yield ""


def _ends() -> Iterator[str]:
    """Say what ends each phase and each `await`, though a participant falls silent."""
    yield from ("## Ends", "", "What ends a phase at the latest, whoever falls silent. `idle` is no call.", "")
    yield from ("| phase | ended by | within |", "| --- | --- | --- |")
    for phase, ends in PHASE_ENDS.items():
        for end in ends:
            by = f"timer “{end.by.value}”" if isinstance(end.by, Timer) else f"{end.by}, which is watched"
            yield f"| {phase.value} | {by} | {end.after} |"
    yield from ("", "What ends an `await`.", "", "| method | returns at the latest |", "| --- | --- |")
    for wait in AWAITS:
        through = ", ".join(phase.value for phase in wait.through)
        ends = [f"at the end of {through}"] if through else []
        yield f"| `{wait.method}` | {'; '.join([*ends, wait.after] if wait.after else ends)} |"
    yield ""


def _diagram() -> Iterator[str]:
    yield from ("## Diagram", "", "What leaves a phase; everything else happens within one.", "", "```mermaid")
    yield from ("stateDiagram-v2", f"    [*] --> {_node(Phase.IDLE)}", "    state call {")
    for phase in CALL:
        yield f"        {_node(phase)}"
    yield "    }"
    labels: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        for source in _sources(row):
            assert row.to is not None
            labels.setdefault((source, _node(row.to)), []).append(_label(row))
    for (source, target), reasons in labels.items():
        yield f"    {source} --> {target}: {'<br>'.join(dict.fromkeys(reasons))}"
    yield from ("```", "")


def _sources(row: Row) -> list[str]:
    """Return the nodes from which a row leads elsewhere; all phases of a call are one node."""
    if row.to is None:
        return []
    if set(CALL) <= set(row.phases) and row.to not in CALL:
        return ["call"]
    return [_node(phase) for phase in row.phases if phase is not row.to]


def _node(phase: Phase) -> str:
    return phase.value


def _label(row: Row) -> str:
    condition = "" if row.when is None else row.when.__name__.replace("_", " ")
    if condition in _NOT_LATE:
        condition = ""
    match row.on.__name__, condition:
        case "TimerFired", timer:
            return f"timer “{timer}”"
        case "Completion", _:
            return condition
        case name, "":
            return _words(name)
        case name, _:
            return f"{_words(name)}, {condition}"


def _table() -> Iterator[str]:
    yield "## Transitions"
    for section, rows in _sections():
        yield from ("", f"### {section}", "", "| in | on | if | then | next |", "| --- | --- | --- | --- | --- |")
        for row in rows:
            condition = "" if row.when is None else _first_sentence(row.when)
            target = "" if row.to is None else row.to.value
            cells = (_where(row), _words(row.on.__name__), condition, _first_sentence(row.action), target)
            yield f"| {' | '.join(cells)} |"
    yield ""


def _sections() -> Iterator[tuple[str, list[Row]]]:
    """Yield the table in the sections that its comments make."""
    source = inspect.getsource(machine)
    lines = source[source.index("TABLE: ") :].splitlines()
    rows, section, found = iter(TABLE), "", list[Row]()
    for line in lines:
        if line.startswith("    # "):
            if found:
                yield section, found
            section, found = line[6:], []
        elif line.startswith("    Row("):
            found.append(next(rows))
        elif line == ")":
            break
    yield section, found
    assert next(rows, None) is None, "a row of the table was not read"


def _where(row: Row) -> str:
    for name, phases in (("any phase", ANY), ("any phase but idle", CALL)):
        if set(row.phases) == set(phases):
            return name
    return ", ".join(phase.value for phase in Phase if phase in row.phases)


def _timers() -> Iterator[str]:
    yield from ("## Timers", "", "| timer | runs for | |", "| --- | --- | --- |")
    for timer, meaning in _member_docs(Timer).items():
        yield f"| {timer.value} | {_DURATIONS[timer]} | {meaning} |"


def _words(name: str) -> str:
    """Return the name of an input as words."""
    name = {"Received": "FrameReceived"}.get(name, name)
    return " ".join(re.findall("[A-Z][a-z]+", name)).lower()


def _first_sentence(documented: object) -> str:
    text = inspect.getdoc(documented)
    assert text, f"{documented} has no docstring"
    return text.splitlines()[0]


def _member_docs(kind: type[_Member]) -> dict[_Member, str]:
    """Return the docstring under each member of an enum."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(body, ast.ClassDef)
    docs = [
        node.value.value
        for node in body.body[1:]  # the first is the docstring of the class
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return dict(zip(kind, docs, strict=True))


if __name__ == "__main__":
    main()
