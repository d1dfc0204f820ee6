"""Pictures of latencies: bars that add up, levels where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.testing import assert_allclose

from micdrop_widget.analysis import plot_latencies
from micdrop_widget.analysis.picture import alt_text
from micdrop_widget.history.turns import Turn, Turns
from tests.analysis.calls import turn


def stacks(figure: Figure) -> dict[int, list[float]]:
    """Return the heights of the bars of each turn, from the bottom to the top."""
    found: dict[int, list[float]] = {}
    for patch in figure.axes[0].patches:
        assert isinstance(patch, Rectangle)
        found.setdefault(round(patch.get_x() + patch.get_width() / 2), []).append(patch.get_height())
    return found


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def level(figure: Figure, style: str, colour: str = "#1f2328") -> list[float]:
    """Return where horizontal lines of a style and a colour are."""
    lines = [line for line in figure.axes[0].lines if len(line.get_ydata()) == 2]  # type: ignore[arg-type]
    found = [line for line in lines if (line.get_linestyle(), line.get_color()) == (style, colour)]
    return [float(line.get_ydata()[0]) for line in found]  # type: ignore[index, arg-type]


def test_the_parts_of_each_turn_stand_on_one_another() -> None:
    turns = Turns([Turn(kind="greeting"), turn(1000, 400, 200, 50, 30), turn(9000, 500, 100, 60, 0)])
    figure = turns.plot()
    assert stacks(figure) == {1: [400, 200, 50, 30], 2: [500, 100, 60, 0]}
    assert level(figure, "-") == [670]
    assert labels(figure) == ["people: 200 ms", "p50: 670 ms"]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        *("waited for silence (endpointing)", "server", "playout", "silence in the answer (lead-in)"),
    ]


@settings(max_examples=20)
@given(st.lists(st.tuples(*[st.integers(-400, 900)] * 4), min_size=1, max_size=5))
def test_bars_reach_from_what_is_negative_to_what_is_positive(parts: list[tuple[int, int, int, int]]) -> None:
    figure = Turns([turn(5000, *values) for values in parts]).plot()
    for number, values in enumerate(parts):
        bars = [
            patch
            for patch in figure.axes[0].patches
            if isinstance(patch, Rectangle) and round(patch.get_x() + patch.get_width() / 2) == number
        ]
        edges = [edge for bar in bars for edge in (bar.get_y(), bar.get_y() + bar.get_height())]
        assert max(edges) == sum(value for value in values if value > 0)
        assert min(edges) == sum(value for value in values if value < 0)


def test_the_parts_of_many_turns_stand_on_one_another_too() -> None:
    figure = Turns([turn(5000 * (number + 1), 400 + number, 200, 50, 30) for number in range(61)]).plot()
    areas = [collection for collection in figure.axes[0].collections if isinstance(collection, PolyCollection)]
    assert len(areas) == 4
    for number in (0, 60):
        outlines = [np.asarray(area.get_paths()[number].vertices) for area in areas]
        assert [(outline[:, 1].min(), outline[:, 1].max()) for outline in outlines] == [
            (0, 400 + number),
            (400 + number, 600 + number),
            (600 + number, 650 + number),
            (650 + number, 680 + number),
        ]
        assert {(outline[:, 0].min(), outline[:, 0].max()) for outline in outlines} == {(number - 0.5, number + 0.5)}


def test_a_p95_is_drawn_of_twenty_turns_and_more() -> None:
    latencies = [600 + 10 * number for number in range(20)]
    turns = [turn(5000 * (number + 1), latency - 100, 50, 25, 25) for number, latency in enumerate(latencies)]
    assert not any(label.startswith("p95") for label in labels(Turns(turns[:19]).plot()))
    assert labels(Turns(turns).plot()) == ["people: 200 ms", "p50: 695 ms", "p95: 780 ms"]


def test_labels_of_levels_that_are_close_do_not_lie_on_one_another() -> None:
    figure = Turns([turn(5000 * (number + 1), 110, 50, 25, 25) for number in range(25)]).plot()
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])


def test_a_turn_without_an_answer_is_marked() -> None:
    figure = Turns([turn(1000, 400, 200, 50, 30), Turn(stopped_ms=5000.0)]).plot()
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[1]]  # type: ignore[arg-type]
    assert "× without an answer that was heard" in labels(figure)
    assert "1 turn has no answer that was heard" in alt_text(figure)


@pytest.mark.parametrize("count", [0, 1, 200, 3000])
def test_any_number_of_turns_is_drawn(count: int) -> None:
    figure = Turns([turn(5000 * (number + 1), 400, 200, 50, 30) for number in range(count)]).plot()
    low, high = figure.axes[0].get_xlim()
    assert low < 0
    assert high - low >= max(6, count)
    ticks = figure.axes[0].get_xticks()
    assert len(ticks) <= 12
    assert all(0 <= tick < max(1, count) for tick in ticks)
    figure.canvas.draw()


def test_calls_are_rows_with_every_turn_the_middle_half_and_the_median() -> None:
    fast = [turn(5000 * (number + 1), 100 + 10 * number, 100, 0, 0) for number in range(21)]
    figure = plot_latencies({"fast": fast, "none": [], "one": [turn(1000, 700, 200, 0, 0)]})
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["fast", "none", "one"]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert_allclose(dots[0].get_xdata(), [200 + 10 * number for number in range(21)])  # type: ignore[arg-type]
    halves = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 5]
    assert_allclose(halves[0], [250, 350])  # type: ignore[arg-type]
    medians = [line.get_xdata() for line in ax.lines if line.get_markersize() == 17]
    assert_allclose(np.ravel(medians), [300, 900])  # type: ignore[arg-type]
    assert labels(figure) == [
        *("n = 21   p50: 300 ms   p95: 390 ms", "nothing measured", "n = 1   p50: 900 ms", "people: 200 ms"),
    ]
    assert alt_text(figure) == (
        "Distributions of reply_latency_ms, one row a call. fast: 21 turns, median 300 ms; none: none; "
        "one: 1 turn, median 900 ms."
    )


def test_any_duration_of_a_turn_may_be_compared() -> None:
    figure = plot_latencies({"a": [turn(1000, 400, 200, 50, 30)]}, quantity="server_ms")
    assert figure.axes[0].get_xlabel() == "server (ms)"
    assert "people: 200 ms" not in labels(figure)
    with pytest.raises(ValueError, match=r"expected one of reply_latency_ms, .*, got 'mood'"):
        plot_latencies({"a": []}, quantity="mood")
    with pytest.raises(ValueError, match="at least one call"):
        plot_latencies({})


def test_a_call_without_a_name_is_drawn_too() -> None:
    figure = plot_latencies({"": [turn(1000, 700, 200, 0, 0)]})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [""]


def test_the_same_turns_give_the_same_picture() -> None:
    turns = [turn(5000 * (number + 1), 100 + 37 * number % 90, 100, 0, 0) for number in range(21)]
    pngs = {plot_latencies({"a": turns})._repr_png_() for _ in range(2)}  # type: ignore[attr-defined]
    assert len(pngs) == 1
