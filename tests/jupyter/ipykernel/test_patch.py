"""Replacing a method, and what may go wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from micdrop_widget.jupyter.ipykernel.patch import PASS_ON, MethodPatch, has_parameters


class Owner:
    def double(self, number: int, *, times: int = 1) -> int:
        return number * 2 * times


def patch(replacement: Callable[..., Any], owner: Owner | None = None) -> tuple[Owner, MethodPatch]:
    owner = Owner() if owner is None else owner
    patch = MethodPatch(owner, "double", ("number",), replacement)
    assert patch.install()
    return owner, patch


def test_a_replacement_answers_or_passes_on() -> None:
    owner, _ = patch(lambda number, **_: 0 if number == 7 else PASS_ON)
    assert (owner.double(7), owner.double(8, times=3)) == (0, 48)


def test_a_method_is_put_back_where_it_was() -> None:
    owner, first = patch(lambda number: 1)
    first.remove()
    first.remove()
    assert vars(owner) == {}
    owner.double = lambda number: 5  # type: ignore[method-assign,misc,assignment]
    _, second = patch(lambda number: 2, owner)
    assert owner.double(7) == 2
    second.remove()
    assert owner.double(7) == 5


def test_one_that_was_replaced_once_more_steps_aside() -> None:
    owner, first = patch(lambda number: 1)
    ours = owner.double
    owner.double = lambda number: ours(number) + 100  # type: ignore[method-assign,misc,assignment]
    assert owner.double(7) == 101
    first.remove()
    assert owner.double(7) == 114


def test_a_replacement_that_raises_is_taken_back_said_once_and_the_original_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner, failing = patch(lambda number: 1 / 0)
    ours = owner.double
    assert (owner.double(7), owner.double(8), ours(9)) == (14, 16, 18)
    assert not failing.is_installed
    assert vars(owner) == {}
    assert caplog.text.count("ZeroDivisionError") == 1


@pytest.mark.parametrize("name", ["halve", "number"])
def test_what_is_no_method_of_that_name_is_left_alone(name: str) -> None:
    owner = Owner()
    owner.number = 7  # type: ignore[attr-defined]
    assert not MethodPatch(owner, name, ("number",), lambda number: 1).install()
    assert vars(owner) == {"number": 7}


def one(stream: object, msg: object) -> None: ...
def optional(stream: object, msg: object, more: object = None, *rest: object, flag: bool = True) -> None: ...
def needs_more(stream: object, msg: object, more: object) -> None: ...
def needs_keyword(stream: object, msg: object, *, more: object) -> None: ...
def swapped(msg: object, stream: object) -> None: ...
def fewer(stream: object) -> None: ...


@pytest.mark.parametrize(
    ("function", "fits"),
    [
        *((one, True), (optional, True), (needs_more, False), (needs_keyword, False), (swapped, False)),
        *((fewer, False), (None, False), (7, False), (dict.update, False)),
    ],
)
def test_a_signature_fits_where_it_takes_these_names_and_needs_no_others(function: object, fits: bool) -> None:
    assert has_parameters(function, "stream", "msg") is fits
