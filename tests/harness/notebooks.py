"""The notebooks that we ship, as tests run them."""

from __future__ import annotations

import json
import random

from tests.paths import NOTEBOOKS

__all__ = ["HURRY", "code_of", "shuffled"]

HURRY = """
from micdrop_widget import MicdropWidget
from micdrop_widget.browser import Timing

MicdropWidget._timing = Timing(panel_s=0.3)
"""
"""A cell before those that are run in any order: the calls they make hardly wait for a panel, which may be missing."""


def code_of(name: str) -> list[str]:
    """Return the code cells of a notebook."""
    content = json.loads((NOTEBOOKS / name).read_text())
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


def shuffled(count: int, *, times: int = 1, seed: int) -> list[int]:
    """Return the numbers below `count`, each so many times, in an order by chance, the same for the same seed."""
    order = [*range(count)] * times
    random.Random(seed).shuffle(order)
    return order
