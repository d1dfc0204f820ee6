"""Reads a JSON object as a dataclass, by its fields and their annotations. Strict: the sender need not be trusted.

A field is read from the key of its name, or from the one that `key()` gives. One with a default may be missing; keys
that no field has are left out. Numbers are finite, integers count something, texts and lists are bounded.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["decode", "key"]

MAX_TEXT = 1000
"""Characters of a text; the longest that is sent is the message of a browser's error."""

MAX_ITEMS = 256
"""Items of a list: devices, or messages of a bundle."""

MAX_NUMBER = 2**53
"""The largest integer up to which JavaScript's numbers are exact."""

_T = TypeVar("_T")

_Reader: TypeAlias = Callable[[object], Any]
"""Returns a value, or raises a `ValueError` that says what was expected."""


def key(name: str) -> dict[str, str]:
    """Return the metadata of a field that has another name on the wire."""
    return {"key": name}


def decode(kind: type[_T], content: object, **values: object) -> _T:
    """Return an object as a dataclass.

    Parameters
    ----------
    kind
        The dataclass.
    content
        What `json.loads` returned, or what a carrier has read.
    **values
        Fields that are not in the object.

    Raises
    ------
    ValueError
        The object is something else; the message says what was expected where.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f"expected an object, got {_describe(content)}")
    hashable: Any = kind
    for name, wire_name, read, is_required in _fields(hashable):
        if name in values:
            continue
        if wire_name in content:
            try:
                values[name] = read(content[wire_name])
            except ValueError as error:
                raise ValueError(f"{wire_name}: {error}") from None
        elif is_required:
            raise ValueError(f"{wire_name}: expected, but missing")
    return kind(**values)


@functools.cache
def _fields(kind: type[Any]) -> tuple[tuple[str, str, _Reader, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (
            field.name,
            field.metadata.get("key", field.name),
            _reader(hints[field.name]),
            field.default is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


def _reader(annotation: Any) -> _Reader:  # noqa: ANN401 - any annotation
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        return functools.partial(decode, annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return functools.partial(_read_choice, arguments)
    if origin is tuple and arguments[1:] == (...,):
        return functools.partial(_read_list, _reader(arguments[0]))
    if origin in (Union, types.UnionType):
        return functools.partial(_read_union, [_reader(argument) for argument in arguments])
    return _refuse  # a field of this type is given in `values`


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {_describe(value)}")
    if len(value) > MAX_TEXT:
        raise ValueError(f"expected {MAX_TEXT} characters at most, got {len(value)}")
    return value


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {_describe(value)}")
    return value


def _read_count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_NUMBER:
        raise ValueError(f"expected a count, got {_describe(value)}")
    return value


def _read_number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= MAX_NUMBER:
        raise ValueError(f"expected a finite number, got {_describe(value)}")
    return float(value)


def _read_null(value: object) -> None:
    if value is not None:
        raise ValueError(f"expected null, got {_describe(value)}")


def _refuse(value: object) -> object:
    raise ValueError("unexpected")


def _read_choice(choices: tuple[object, ...], value: object) -> object:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"expected one of {', '.join(map(str, choices))}, got {_describe(value)}")
    return value


def _read_list(read: _Reader, value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list, got {_describe(value)}")
    if len(value) > MAX_ITEMS:
        raise ValueError(f"expected {MAX_ITEMS} items at most, got {len(value)}")
    return tuple(read(item) for item in value)


def _read_union(readers: list[_Reader], value: object) -> object:
    errors: list[str] = []
    for read in readers:
        try:
            return read(value)
        except ValueError as error:
            errors.append(str(error))
    raise ValueError(" / ".join(errors))


def _describe(value: object) -> str:
    """Return the type of a value: the value itself may be long, and is not ours to repeat."""
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else type(value).__name__


_SCALARS: dict[object, _Reader] = {
    str: _read_text,
    bool: _read_flag,
    int: _read_count,
    float: _read_number,
    type(None): _read_null,
}
