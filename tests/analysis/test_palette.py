"""One palette for the panel and for the pictures."""

from __future__ import annotations

import re

import pytest

from micdrop_widget.analysis.palette import DARK, LIGHT, PRINT, Palette, mix, palette_of
from tests.paths import ROOT

CSS = (ROOT / "js" / "src" / "view" / "widget.css").read_text(encoding="utf-8")
VARIABLES = {
    "surface": "fallback-surface",
    "border": "fallback-border",
    "text": "fallback-text",
    "secondary": "fallback-secondary",
    "error": "fallback-error",
    "user": "listen",
    "assistant": "speak",
    "wait": "wait",
}


def in_css(number: int, variable: str) -> str:
    """Return a colour of the panel: of its light theme, which comes first, or of a dark one."""
    found = re.findall(rf"--micdrop-{variable}: (#[0-9a-f]+);", CSS)
    assert len(found) == 3
    short = found[number].removeprefix("#")
    return f"#{short}" if len(short) == 6 else "#" + "".join(digit * 2 for digit in short)


@pytest.mark.parametrize(("palette", "numbers"), [(LIGHT, (0,)), (DARK, (1, 2))], ids=["light", "dark"])
def test_the_colours_are_those_of_the_panel(palette: Palette, numbers: tuple[int, ...]) -> None:
    for field, variable in VARIABLES.items():
        for number in numbers:
            assert getattr(palette, field) == in_css(number, variable), field


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
def test_words_stand_out_from_their_ground(palette: Palette) -> None:
    for field in ("text", "secondary", "error"):
        assert contrast(getattr(palette, field), palette.surface) >= 4.5, field
    for field in ("user", "assistant", "wait"):
        assert contrast(getattr(palette, field), palette.surface) >= (2.5 if palette.hatched else 3), field


def test_a_printer_without_colours_tells_both_sides_apart() -> None:
    assert contrast(PRINT.user, PRINT.assistant) > 2


def test_a_theme_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of 'light', 'dark', 'print', got 'blue'"):
        palette_of("blue")  # type: ignore[arg-type]


def test_colours_are_mixed_by_their_share() -> None:
    assert mix("#ff0000", "#0000ff", 0.25) == "#4000bf"
