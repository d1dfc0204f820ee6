"""Keyword arguments: those that were not given, and those that do not exist."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

__all__ = ["NOT_GIVEN", "given", "suggest", "suggests_keywords"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _NotGiven:
    def __repr__(self) -> str:
        return "…"


NOT_GIVEN: Any = _NotGiven()
"""The default of a keyword whose absence means something else than any value; it fits every type."""


def given(arguments: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the arguments of these names that were given; `arguments` may be `locals()` at the start of a function."""
    return {name: arguments[name] for name in names if name in arguments and arguments[name] is not NOT_GIVEN}


def suggest(name: str, known: Iterable[str], *, cutoff: float = 0.4) -> str:
    """Return the hint for an unknown name: the nearest known one, or all known ones.

    Parameters
    ----------
    name, known
        The unknown name, and all known ones.
    cutoff
        How similar two names must be, from 0 to 1.
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=cutoff)
    return f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(names)}"


def suggests_keywords(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let an unknown keyword be a `TypeError` that names the nearest known one, which Python itself does from 3.13 on.

    For a function all of whose keywords are explicit. What inspects it sees the signature of the function.
    """
    known = tuple(inspect.signature(function).parameters)[1:]

    @functools.wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        for name in kwargs:
            if name not in known:
                raise TypeError(f"{function.__name__.strip('_')}(): unknown option {name!r}: {suggest(name, known)}")
        return function(*args, **kwargs)

    return checked
