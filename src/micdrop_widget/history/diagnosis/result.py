"""The result of a diagnosis: the steps of a turn, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Literal, TypeAlias

__all__ = ["Diagnosis", "Outcome", "Step"]

Outcome: TypeAlias = Literal["ok", "broken", "waiting", "unknown", "not reached"]
"""The step happened; failed; may still happen; did not, which may not matter; or an earlier one did not.
"""

_WIDTH = 13
"""Width of the column with the names of the steps."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a turn, from the microphone to the loudspeaker."""

    name: str
    outcome: Outcome
    seen: str = ""
    """What was observed, in a few words."""
    advice: str = ""
    """What to do about it."""
    values: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    """The same as numbers; units are in their names."""


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis:
    """How far a turn came, and where it broke.

    It shows itself as a table in a cell; `str()` is a short text, without anything that is private: no params,
    headers, addresses, names of devices, and nothing that was said.
    """

    steps: tuple[Step, ...]
    """Every step, in order."""
    subject: str = "call"
    """What was followed."""

    @property
    def stopped_at(self) -> Step | None:
        """The step at which it breaks, or waits; None when the answer was heard."""
        return next((step for step in self.steps if step.outcome in ("broken", "waiting")), None)

    def __getitem__(self, name: str) -> Step:
        """Return a step by its name.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(f"no step {name!r}, only {[step.name for step in self.steps]}")

    def __str__(self) -> str:
        lines = [f"{self.subject}: {self._verdict()}"]
        lines += [f"  {step.name:{_WIDTH}} {step.outcome:12} {step.seen}".rstrip() for step in self.steps]
        return "\n".join(lines)

    __repr__ = __str__

    def _verdict(self) -> str:
        step = self.stopped_at
        if step is None:
            return "nothing is broken, the answer was heard"
        verb = "breaks" if step.outcome == "broken" else "waits"
        return f"{verb} at “{step.name}”: {step.seen}. {step.advice}".rstrip()

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_MARKS[step.outcome]} {escape(step.name)}</td><td>{step.outcome}</td>"
            f"<td style='text-align:left'>{escape(step.seen)}</td>"
            f"<td style='text-align:left'>{escape(step.advice)}</td></tr>"
            for step in self.steps
        )
        head = "<tr><th>step</th><th></th><th>seen</th><th>what to do</th></tr>"
        verdict = escape(f"{self.subject}: {self._verdict()}")
        return f"<table><caption>{verdict}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"


_MARKS: dict[Outcome, str] = {"ok": "✓", "broken": "✗", "waiting": "…", "unknown": "?", "not reached": "–"}
