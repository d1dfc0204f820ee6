"""Two revisions in turn: what is run, in which order, and the ratio of what came of it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.against import Change, measure_in_turn, worktree

BEFORE, AFTER = Path("before"), Path("after")


def figure(what: str, p50: float | None, unit: str = "ms") -> Mapping[str, Any]:
    return {"what": what, "unit": unit, "values": None if p50 is None else {"p50": p50}}


def test_each_row_is_measured_in_both_checkouts_and_the_first_one_changes() -> None:
    runs: list[tuple[Path, str]] = []

    def run(checkout: Path, row: str) -> Sequence[Mapping[str, Any]]:
        runs.append((checkout, row))
        return [figure("age", 10.0 * len(runs))]

    changes = measure_in_turn(run, BEFORE, AFTER, ["frame", "cpu"], rounds=2)
    assert runs == [
        (BEFORE, "frame"),
        (AFTER, "frame"),
        (BEFORE, "cpu"),
        (AFTER, "cpu"),
        (AFTER, "frame"),
        (BEFORE, "frame"),
        (AFTER, "cpu"),
        (BEFORE, "cpu"),
    ]
    assert changes == [
        Change("frame", "age", "ms", before=[10, 60], after=[20, 50]),
        Change("cpu", "age", "ms", before=[30, 80], after=[40, 70]),
    ]


def test_what_could_not_be_measured_is_no_figure() -> None:
    assert measure_in_turn(lambda *_: [figure("other", None)], BEFORE, AFTER, ["frame"], rounds=1) == []


@pytest.mark.parametrize(
    ("change", "ratios", "line"),
    [
        (Change("r", "age", "ms", [10, 20], [5, 30]), [0.5, 1.5], "15.00 -> 17.50 ms"),
        (Change("r", "gaps", "", [0, 0], [0, 1]), [], "0.00 -> 0.50"),
        (Change("r", "new", "ms", [], [7]), [], "- -> 7.00 ms"),
    ],
    ids=["ratio", "nothing before", "new"],
)
def test_a_change_is_the_ratio_of_each_round(change: Change, ratios: list[float], line: str) -> None:
    assert change.ratios == ratios
    assert line in str(change)
    assert ("x 1.00 (0.50 to 1.50)" in str(change)) == bool(ratios)


def test_the_other_revision_is_checked_out_for_a_while(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet")
    (tmp_path / "file").write_text("before")
    git("add", "file")
    git("commit", "--quiet", "-m", "before")
    (tmp_path / "file").write_text("after")
    git("commit", "--quiet", "-a", "-m", "after")
    with worktree("HEAD~1", tmp_path) as checkout:
        assert (checkout / "file").read_text() == "before"
    assert not checkout.exists()
    assert git("worktree", "list").count("\n") == 1
