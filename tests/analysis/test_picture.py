"""What all pictures have in common: alt text, files, axes of one's own, and what is said when matplotlib is missing."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.colors import to_hex
from matplotlib.figure import Figure, SubFigure

from micdrop_widget.analysis import detect_speech, plot_latencies
from micdrop_widget.analysis.picture import alt_text, clock
from micdrop_widget.history.pictures import Theme
from micdrop_widget.history.turns import Turns
from tests.analysis.calls import recording_of, turn
from tests.paths import FIXTURES

TURNS = Turns([turn(1500, 400, 200, 50, 50)])

PICTURES: dict[str, Callable[[], Figure]] = {
    "recording": lambda: recording_of(5, *TURNS).plot(),
    "turns": TURNS.plot,
    "latencies": lambda: plot_latencies({"<a> & b": TURNS}),
    "speech": lambda: detect_speech(FIXTURES / "sentence.wav").plot(),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_cell_shows_a_picture_with_its_alt_text(draw: Callable[[], Figure]) -> None:
    figure = draw()
    shown, metadata = DisplayFormatter().format(figure)  # type: ignore[no-untyped-call]
    assert shown["text/plain"] == alt_text(figure) != ""
    (alt,) = re.findall(r'<img alt="([^"]*)" width="\d+"', shown["text/html"])
    assert unescape(alt) == alt_text(figure)
    png = base64.b64decode(shown["image/png"])
    assert png.startswith(b"\x89PNG")
    assert f"base64,{shown['image/png']}" in shown["text/html"]
    assert metadata["image/png"]["alt"] == alt_text(figure)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_every_theme_has_a_ground_of_its_own(theme: Theme) -> None:
    ground = {"light": "#ffffff", "dark": "#16181c", "print": "#ffffff"}[theme]
    for figure in (
        recording_of(5, *TURNS).plot(theme=theme),
        TURNS.plot(theme=theme),
        plot_latencies({"a": TURNS}, theme=theme),
    ):
        assert to_hex(figure.get_facecolor(), keep_alpha=True) == f"{ground}ff"


@pytest.mark.parametrize(("kind", "key"), [("png", b"Description"), ("svg", b"description"), ("pdf", b"Subject")])
def test_a_saved_picture_says_what_it_shows(tmp_path: Path, kind: str, key: bytes) -> None:
    figure = TURNS.plot()
    figure.savefig(tmp_path / f"turns.{kind}")
    content = (tmp_path / f"turns.{kind}").read_bytes()
    assert key in content
    assert b"Reply latencies of 1 turn" in content
    figure.savefig(tmp_path / "turns.jpg")


def test_pictures_are_drawn_in_axes_that_are_given_beside_others() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert TURNS.plot(left) is figure
    assert recording_of(5, *TURNS).plot(right) is figure
    assert plot_latencies({"a": TURNS}, ax=figure.add_subplot()) is figure
    assert alt_text(figure).startswith("Reply latencies of 1 turn")
    assert "Recording of a call" in alt_text(figure)
    assert alt_text(Figure()) == ""


def test_pictures_may_be_in_a_part_of_a_figure() -> None:
    figure = Figure()
    part = figure.subfigures()
    assert isinstance(part, SubFigure)
    assert TURNS.plot(part.subplots()) is figure


def test_times_are_shown_as_a_clock_does() -> None:
    assert [clock(seconds) for seconds in (0, 59.6, 61, 3599, 3661)] == ["0:00", "1:00", "1:01", "59:59", "1:01:01"]
    assert [clock(seconds, 1) for seconds in (0, 1.25, 61.55, 3600)] == ["0:00.0", "0:01.2", "1:01.6", "1:00:00.0"]


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("matplotlib", "Turns().plot()"),
        ("matplotlib", "Recording(None, FixedTracks(np.ones((9, 2), np.int16))).plot()"),
        ("matplotlib", "plot_latencies({'a': Turns()})"),
        ("matplotlib", "detect_speech(np.zeros(512, np.int16)).plot()"),
        ("pandas", "Turns().to_frame()"),
        ("pandas", "EventLog().to_frame()"),
    ],
)
def test_a_package_that_is_missing_is_named_with_its_extra(module: str, call: str) -> None:
    code = f"""
import sys
sys.modules[{module!r}] = None
import numpy as np
from micdrop_widget import Recording, detect_speech
from micdrop_widget.analysis import plot_latencies
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.tracks import FixedTracks
from micdrop_widget.history.turns import Turns
try:
    {call}
except ImportError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    what = "Pictures" if module == "matplotlib" else "Tables"
    assert said == (
        f"{what} need the package {module}, which is not installed. "
        'Install it with the extra: pip install "micdrop-widget[analysis]"'
    )
