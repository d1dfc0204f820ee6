"""Settings that are attributes: each has its range, is checked whenever it is set, and is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from micdrop_widget._settings import Configurable, Range


class Detector(Configurable):
    _ranges: ClassVar[Mapping[str, Range]] = {
        "share": Range(0, 1, "a share", includes_high=True),
        "count": Range(3, math.inf, "a whole number", includes_low=True, whole=True),
        "level_db": Range(-math.inf, 0, "dB"),
    }
    share: float
    count: int
    level_db: float

    def __init__(self) -> None:
        self.share = 0.5
        self.count = 3
        self.level_db = -10
        self.name: object = "free"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("share", 1, 1),
        ("share", np.float32(0.25), 0.25),
        ("count", 3.0, 3),
        ("count", np.int64(7), 7),
        ("level_db", -0.1, -0.1),
        ("name", None, None),
    ],
)
def test_what_is_in_the_range_is_kept_as_a_number_of_python(name: str, value: Any, kept: object) -> None:
    detector = Detector()
    setattr(detector, name, value)
    assert getattr(detector, name) == kept
    assert type(getattr(detector, name)) is type(kept)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("share", 0, r"Detector: expected 0 < share <= 1 \(a share\), got 0"),
        ("share", 1.01, r"expected 0 < share <= 1"),
        ("share", True, r"expected 0 < share <= 1 \(a share\), got True"),
        ("share", "0.5", r"expected 0 < share <= 1 \(a share\), got '0.5'"),
        ("share", math.nan, "got nan"),
        ("count", 2, r"expected 3 <= count \(a whole number\), got 2"),
        ("count", 3.5, "got 3.5"),
        ("count", math.inf, "got inf"),
        ("level_db", 0, r"expected level_db < 0 \(dB\), got 0"),
        ("level_db", -math.inf, "got -inf"),
    ],
)
def test_what_is_not_is_refused_and_changes_nothing(name: str, value: Any, message: str) -> None:
    detector = Detector()
    with pytest.raises(ValueError, match=message):
        setattr(detector, name, value)
    assert repr(detector) == "Detector(share=0.5, count=3, level_db=-10)"
