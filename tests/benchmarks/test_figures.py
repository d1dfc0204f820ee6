"""A figure that cannot be fails its row, whatever its aim says."""

from __future__ import annotations

import math

import pytest

from benchmarks import __main__ as bench
from benchmarks.figures import Aim, Distribution, Figure, faults
from benchmarks.rows import Row


def figure(*values: float, uncertainty: float = 0, least: float = 0) -> Figure:
    return Figure("an answer", "ms", Distribution.of(values), Aim("p95", 80), uncertainty=uncertainty, least=least)


def test_a_step_of_the_wall_clock_meets_the_aim_and_is_impossible() -> None:
    stepped = figure(-12_567, -12_566, 50)
    assert stepped.is_met is True
    assert stepped.fault == "an answer: -12567 ms cannot be, the least is 0 ms, give or take 0.00"


@pytest.mark.parametrize(
    ("values", "uncertainty", "least", "is_possible"),
    [
        ((0.0, 5.0), 0.0, 0.0, True),
        ((-0.5, 5.0), 0.5, 0.0, True),
        ((-0.6, 5.0), 0.5, 0.0, False),
        ((-64.5, 5.0), 0.5, -64.0, True),
        ((-64.6, 5.0), 0.5, -64.0, False),
    ],
)
def test_a_value_is_possible_down_to_the_least_less_the_uncertainty(
    values: tuple[float, ...], uncertainty: float, least: float, is_possible: bool
) -> None:
    assert (figure(*values, uncertainty=uncertainty, least=least).fault is None) == is_possible


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_distribution(value: float) -> None:
    with pytest.raises(ValueError, match=f"expected finite values, got {value}"):
        Distribution.of([1, value])


def test_nothing_measured_is_no_distribution() -> None:
    with pytest.raises(ValueError, match="at least one measured value"):
        Distribution.of([])


def test_a_figure_that_is_missing_says_why() -> None:
    assert Figure("an answer", "ms", None, note="not installed").fault is None
    assert Figure("an answer", "ms", None).fault == "an answer: not measured, and nothing says why"


def test_a_row_without_figures_is_impossible() -> None:
    assert faults([]) == ["no figure"]
    assert faults([figure(1), figure(-2)]) == ["an answer: -2 ms cannot be, the least is 0 ms, give or take 0.00"]


@pytest.mark.parametrize(("values", "status"), [((40.0,), 0), ((100.0,), 0), ((-12_567.0,), 1)])
def test_the_command_fails_for_what_is_impossible_and_not_for_an_aim_that_is_missed(
    values: tuple[float, ...], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Row, "measure", lambda *_: [figure(*values)])
    assert bench.main(["machine-step"]) == status
    assert ("machine-step: impossible: an answer" in capsys.readouterr().err) == (status == 1)
