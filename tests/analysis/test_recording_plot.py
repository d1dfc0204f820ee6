"""The picture of a recording: what is in it, at which time."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from micdrop_widget.analysis.picture import alt_text
from micdrop_widget.history.turns import Turn
from tests.analysis.calls import recording_of, turn

TURNS = (turn(1500, 400, 200, 50, 50), turn(3500, 500, 250, 60, 40))


def lanes(figure: Figure) -> dict[str, float]:
    """Return the middle of each lane by its name, from top to bottom."""
    (ax,) = figure.axes
    return dict(zip((label.get_text() for label in ax.get_yticklabels()), ax.get_yticks(), strict=True))


def bars(figure: Figure, lane: str) -> list[tuple[float, float]]:
    """Return when there is a bar in a lane, as (begin, end) in seconds."""
    (ax,) = figure.axes
    middle = lanes(figure)[lane]
    found = []
    for collection in ax.collections:
        for path in collection.get_paths():
            (x0, y0), (x1, y1) = path.vertices.min(axis=0), path.vertices.max(axis=0)  # type: ignore[union-attr]
            if y0 < middle < y1 < y0 + 0.2:
                found.append((float(x0), float(x1)))
    return found


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_lanes_are_named_from_top_to_bottom() -> None:
    found = lanes(recording_of(5, *TURNS).plot())
    assert list(found) == [
        *("user", "reply latency", "assistant", "speech\nprobability", "user speaks", "assistant speaks"),
        *("processing", "muted", "paused", "connection"),
    ]
    assert list(found.values()) == sorted(found.values())


def test_a_foreign_recording_has_the_lanes_that_are_known() -> None:
    figure = recording_of(5, with_events=False).plot()
    assert list(lanes(figure)) == ["user", "reply latency", "assistant"]


def test_a_state_is_a_bar_from_its_beginning_to_its_end() -> None:
    figure = recording_of(5, *TURNS).plot()
    assert bars(figure, "muted") == [(2.0, 3.0)]
    assert bars(figure, "connection") == [(0.5, 5.0)]
    assert bars(figure, "paused") == []
    part = recording_of(5, *TURNS).plot(start_s=2.5, end_s=4)
    assert bars(part, "muted") == [(2.5, 3.0)]
    assert part.axes[0].get_xlim() == (2.5, 4.0)


def test_a_latency_is_a_bracket_from_the_end_of_the_turn_to_the_first_sound_of_the_answer() -> None:
    figure = recording_of(6, *TURNS).plot()
    brackets = [line.get_xdata() for line in figure.axes[0].lines if len(line.get_xdata()) == 4]  # type: ignore[arg-type]
    assert_allclose(sorted(map(tuple, brackets)), [(1.5, 1.5, 2.2, 2.2), (3.5, 3.5, 4.35, 4.35)])  # type: ignore[arg-type]
    assert sorted(texts(figure)) == ["700 ms", "850 ms"]


def test_a_latency_is_drawn_only_where_it_is_shown() -> None:
    assert texts(recording_of(6, *TURNS).plot(end_s=3)) == ["700 ms"]
    assert texts(recording_of(6, *TURNS).plot(turn=1)) == ["850 ms"]


def test_an_answer_that_began_too_early_is_marked() -> None:
    early = Turn(speech_end_ms=2000.0, stopped_ms=2400.0, heard_ms=1700.0, voiced_ms=1800.0)
    figure = recording_of(5, early).plot()
    (text,) = figure.axes[0].texts
    assert (text.get_text(), text.get_color()) == ("−200 ms", "#c62828")


def test_labels_do_not_lie_on_one_another_and_the_longest_latency_has_one() -> None:
    close = [turn(1000 + 3000 * number, 300 + 10 * number, 100, 0, 0) for number in range(20)]
    figure = recording_of(62, *close).plot()
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) > 5
    assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])
    assert "590 ms" in texts(figure)


def test_at_the_end_of_the_picture_a_label_is_left_of_its_bracket() -> None:
    figure = recording_of(60, turn(30_000, 300, 100, 0, 0), turn(59_500, 200, 100, 0, 0)).plot()
    figure.canvas.draw()
    longest, last = sorted(figure.axes[0].texts, key=lambda text: text.get_position()[0])
    assert (longest.get_text(), last.get_text()) == ("400 ms", "300 ms")
    assert longest.get_position()[0] > 30
    box = last.get_window_extent()
    ((right_s, _), (before_s, _)) = figure.axes[0].transData.inverted().transform([(box.x1, 0), (box.x0, 0)])
    assert before_s < right_s < 59.5


def test_many_latencies_are_dots_of_which_the_longest_has_a_label() -> None:
    many = [turn(1500 * (number + 1), 300 + number, 100, 0, 0) for number in range(60)]
    figure = recording_of(100, *many).plot()
    (dots,) = [collection for collection in figure.axes[0].collections if not isinstance(collection, PolyCollection)]
    assert_allclose(np.sort(np.asarray(dots.get_offsets())[:, 0]), [1.5 * (number + 1) for number in range(60)])
    assert "459 ms" in texts(figure)
    assert len(texts(figure)) <= 5


@pytest.mark.parametrize("seconds", [5, 3600])
def test_a_click_of_one_sample_reaches_the_edge_of_its_lane(seconds: int) -> None:
    figure = recording_of(seconds).plot()
    user, assistant = figure.axes[0].collections[:2]
    for side, up in ((user, -1), (assistant, 1)):
        (path,) = side.get_paths()
        heights = np.asarray(path.vertices)
        peak = heights[np.argmax(up * heights[:, 1])]
        assert peak[0] == pytest.approx(1.0, abs=seconds / 1500)
        lane = lanes(figure)["user" if up < 0 else "assistant"]
        assert abs(peak[1] - lane) == pytest.approx(0.95 * 0.47)


def test_times_are_those_of_the_call_where_the_recording_begins_later() -> None:
    figure = recording_of(5, turn(62_000, 400, 200, 50, 50), start_s=60).plot()
    assert figure.axes[0].get_xlim() == (60.0, 65.0)
    assert texts(figure) == ["700 ms"]


def test_the_alt_text_says_what_is_seen() -> None:
    said = alt_text(recording_of(6, *TURNS).plot())
    assert said == (
        "Recording of a call from 0:00.0 to 0:06.0 (minutes and seconds since its start): waveforms of the user above "
        "and of the assistant below. Between them stand 2 reply latencies, 775 ms in the median, 850 ms at most. "
        "Muted: 1.0 s in all."
    )


def test_what_is_not_recorded_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="nothing is recorded there"):
        recording_of(5).plot(start_s=7)
