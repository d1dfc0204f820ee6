"""Another revision beside this one: the same rows of both, measured in turn, as ratios.

Each revision is measured by its own benchmarks, which know its code. What disturbs the machine for minutes disturbs
both, so a ratio means more than two figures of two runs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["ROWS", "Change", "Run", "compare", "measure_in_turn", "worktree"]

ROWS = ("browser-frame", "answer-heard", "barge-in", "cpu")
"""What is compared unless rows are named."""

_HERE = Path(__file__).parents[1]

Run: TypeAlias = Callable[[Path, str], Sequence[Mapping[str, Any]]]
"""Measures a row in a checkout, and gives its figures as ``--json`` does."""


@dataclass(slots=True)
class Change:
    """The medians of one figure in both revisions, round by round."""

    row: str
    what: str
    unit: str
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """After / before in each round; none where a figure is nothing or negative."""
        pairs = zip(self.before, self.after, strict=False)
        return [after / before for before, after in pairs if before > 0 and after >= 0]

    def __str__(self) -> str:
        medians = " -> ".join(
            f"{statistics.median(values):.2f}" if values else "-" for values in (self.before, self.after)
        )
        line = f"  {self.what:<52} {medians} {self.unit}"
        if not self.ratios:
            return line
        low, high = min(self.ratios), max(self.ratios)
        return f"{line:<90} x {statistics.median(self.ratios):.2f} ({low:.2f} to {high:.2f})"


def compare(revision: str, rows: Sequence[str], *, rounds: int, quick: bool) -> int:
    """Measure rows of another revision and of this one in turn, and print the ratios.

    Returns
    -------
    int
        0, or 1 when a row could not be measured.
    """

    def run(checkout: Path, row: str) -> Sequence[Mapping[str, Any]]:
        print(f"{row}: {'after' if checkout == _HERE else 'before'}", file=sys.stderr, flush=True)
        return _run(checkout, row, quick=quick)

    with worktree(revision) as before:
        try:
            changes = measure_in_turn(run, before, _HERE, rows or ROWS, rounds)
        except subprocess.CalledProcessError as error:
            print(f"could not be measured: {error}", file=sys.stderr)
            return 1
    for row in rows or ROWS:
        print(f"\n{row}: {revision} -> here, p50, rounds: {rounds}")
        print("\n".join(str(change) for change in changes if change.row == row))
    return 0


def measure_in_turn(run: Run, before: Path, after: Path, rows: Sequence[str], rounds: int) -> list[Change]:
    """Measure each row in both checkouts, in each round; who is first changes from round to round."""
    changes: defaultdict[tuple[str, str, str], list[list[float]]] = defaultdict(lambda: [[], []])
    for number in range(rounds):
        for row in rows:
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                for figure in run((before, after)[side], row):
                    if figure["values"] is not None:
                        changes[row, figure["what"], figure["unit"]][side].append(figure["values"]["p50"])
    return [Change(*key, *sides) for key, sides in changes.items()]


@contextmanager
def worktree(revision: str, repository: Path = _HERE) -> Iterator[Path]:
    """Check out another revision beside the repository, for a while."""
    with tempfile.TemporaryDirectory(prefix="micdrop-against-") as folder:
        checkout = Path(folder, "checkout")
        git = ["git", "-C", str(repository), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(checkout), revision], check=True)
        try:
            yield checkout
        finally:
            subprocess.run([*git, "remove", "--force", str(checkout)], check=True)


def _run(checkout: Path, row: str, *, quick: bool) -> Sequence[Mapping[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="micdrop-against-") as folder:
        file = Path(folder, "figures.json")
        command = [sys.executable, "-m", "benchmarks", row, "--json", str(file), *(["--quick"] if quick else [])]
        # Before the installed package, in the kernels that are started from there too.
        environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
        subprocess.run(command, check=True, cwd=checkout, env=environment, stdout=subprocess.DEVNULL)
        (measured,) = json.loads(file.read_text())["rows"]
    figures: Sequence[Mapping[str, Any]] = measured["figures"]
    return figures
