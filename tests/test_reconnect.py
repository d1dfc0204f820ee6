"""How a call that was lost comes back: what `Reconnect` takes, and the waits it gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from micdrop_widget import Reconnect


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_attempts": -1}, r"Reconnect\(max_attempts=-1\): expected None, 0 or more"),
        ({"delay_ms": -1}, "expected 0 <= delay_ms <= max_delay_ms"),
        ({"delay_ms": 200, "max_delay_ms": 100}, "expected 0 <= delay_ms <= max_delay_ms"),
        ({"connection_timeout_ms": 0}, "connection_timeout_ms must be positive"),
        ({"connection_timeout_ms": math.nan}, "connection_timeout_ms must be positive"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Reconnect(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_attempts": "3"},
        {"max_attempts": 1.5},
        {"max_attempts": True},
        {"delay_ms": "500"},
        {"max_delay_ms": None},
        {"connection_timeout_ms": True},
    ],
)
def test_what_is_of_another_type_is_refused_by_its_name(arguments: dict[str, Any]) -> None:
    ((name, value),) = arguments.items()
    with pytest.raises(TypeError, match=rf"Reconnect\({name}={value!r}\): expected"):
        Reconnect(**arguments)


def test_numbers_of_every_kind_are_numbers() -> None:
    assert Reconnect(np.int64(3), np.float32(500)).allows(3)


@pytest.mark.parametrize(("max_attempts", "allowed"), [(None, [True] * 3), (0, [False] * 3), (2, [True, True, False])])
def test_so_many_attempts_are_allowed(max_attempts: int | None, allowed: list[bool]) -> None:
    assert [Reconnect(max_attempts).allows(attempt) for attempt in (1, 2, 3)] == allowed


def test_the_wait_doubles_up_to_its_maximum() -> None:
    reconnect = Reconnect(delay_ms=300, max_delay_ms=1000)
    assert [reconnect.delay_before(attempt) for attempt in (1, 2, 3, 10_000)] == [300, 600, 1000, 1000]
