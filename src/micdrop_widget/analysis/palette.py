"""The colours of every picture: those of the panel in the notebook (`js/src/view/widget.css`), and a set for printers.

The user has the panel's colour for listening, the assistant that for speaking; waiting has a colour of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from micdrop_widget.history.pictures import Theme

__all__ = ["DARK", "LIGHT", "PRINT", "Palette", "mix", "palette_of"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they mean, as #rrggbb."""

    surface: str
    border: str
    text: str
    secondary: str
    error: str
    user: str
    assistant: str
    wait: str
    hatched: bool = False
    """Whether areas have hatching too, since a print may have no colours."""


LIGHT = Palette("#ffffff", "#d6dae0", "#1f2328", "#5a626d", "#c62828", "#1565c0", "#2e7d32", "#9a5b00")
DARK = Palette("#16181c", "#3b4049", "#e7e9ec", "#a5adb8", "#ff8a80", "#82b7ff", "#81c995", "#f3b55f")
PRINT = Palette("#ffffff", "#b5b5b5", "#000000", "#3d3d3d", "#8e0000", "#0b3d7a", "#3f8f46", "#c98a2b", hatched=True)

_PALETTES: dict[str, Palette] = {"light": LIGHT, "dark": DARK, "print": PRINT}


def palette_of(theme: Theme) -> Palette:
    """Return the colours of a theme.

    Raises
    ------
    ValueError
        There is no such theme.
    """
    if theme not in _PALETTES:
        raise ValueError(f"theme: expected one of {', '.join(map(repr, _PALETTES))}, got {theme!r}")
    return _PALETTES[theme]


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour that is a share of one, and for the rest another."""
    pairs = ((int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(one * share + two * (1 - share)):02x}" for one, two in pairs)
