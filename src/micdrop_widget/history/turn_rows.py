"""The turns of a call in the making: they change until they are final."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from micdrop_widget.audio import samples_to_ms
from micdrop_widget.history.sample_times import AnswerAudio
from micdrop_widget.history.turns import Turn
from micdrop_widget.history.voiced import Loudness

__all__ = ["Row", "Rows"]


@dataclass
class Row:
    """A turn in the making.

    How much of its answer has arrived and was heard changes with each piece of it: `turn` has that when the answer has
    ended, `snapshot` always.
    """

    turn: Turn
    speech: Loudness | None = None
    captured_until: int = 0
    """Position after the last sample that was pushed into `speech`."""
    answer: AnswerAudio | None = None
    cut_by: Row | None = None
    """The turn whose speech cut the answer."""
    tool_calls: dict[str, int] = field(default_factory=dict)
    """The tools that have not returned, by the id of their call: their index in the turn."""
    is_settled: bool = False

    def change(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Turn, checked by replace
        """Change fields of the turn."""
        self.turn = replace(self.turn, **changes)

    def snapshot(self) -> Turn:
        """Return the turn as it is now; the same one while nothing changes."""
        turn, answer = self.turn, self.answer
        if answer is None:
            return turn
        received_ms = samples_to_ms(answer.received)
        heard_ms = samples_to_ms(answer.heard) if answer.resumed else None
        if (turn.answer_received_ms, turn.answer_heard_ms) == (received_ms, heard_ms):
            return turn
        return replace(turn, answer_received_ms=received_ms, answer_heard_ms=heard_ms)


@dataclass
class Rows:
    """The turns of a call, in order."""

    all: list[Row] = field(default_factory=list)
    utterance: Row | None = None
    """The turn whose utterance is open."""

    def clear(self) -> None:
        """Begin with a new call."""
        self.all.clear()
        self.utterance = None

    def stopped(self) -> Row | None:
        """Return the latest turn of the user that is over for the server."""
        return next((row for row in reversed(self.all) if row.turn.stopped_ms is not None), None)
