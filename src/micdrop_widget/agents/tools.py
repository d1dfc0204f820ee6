"""Python functions that an agent may call, and their description as JSON schema, from their type hints."""

from __future__ import annotations

import enum
import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin

from micdrop_widget.agents.part import Part, PartFailed

__all__ = ["Tool", "as_tools", "json_schema"]

_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


class Tool:
    """A function that an agent may call.

    Parameters
    ----------
    function
        Plain or async, with type hints, and a docstring that says what it does. An argument `call` is given the
        `ServerCall` and is no part of the schema.
    name
        By default the function's.
    emit
        Whether each call of it is sent to the client: as a `ToolCall` event, and messages in its conversation.

    Attributes
    ----------
    description
        The first paragraph of the docstring.
    parameters
        JSON schema of the arguments.

    Raises
    ------
    TypeError
        It is no function, or an argument's hint has no JSON schema.
    """

    def __init__(self, function: Callable[..., Any], *, name: str | None = None, emit: bool = False) -> None:
        if not callable(function) or inspect.isclass(function):
            raise TypeError(f"tools: expected functions, got {function!r}")
        self.name = name or str(getattr(function, "__name__", type(function).__name__))
        self.emit = emit
        doc = inspect.getdoc(function) or ""
        self.description = " ".join(doc.partition("\n\n")[0].split())
        self._arguments = _arguments(self.name, function)
        self._takes_call = "call" in inspect.signature(function).parameters
        self.parameters = _parameters(self.name, self._arguments, doc)
        self._part = Part(self.name, _Called(function), f"{self.name}(**arguments)")

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    @property
    def schema(self) -> dict[str, Any]:
        """The tool in the form that chat APIs expect."""
        described = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": described}

    async def run(self, arguments: object, call: object = None) -> Any:  # noqa: ANN401 - the function's own result
        """Call the function.

        Parameters
        ----------
        arguments
            A mapping, or its JSON.
        call
            The `ServerCall`, for a function that asks for it.

        Returns
        -------
        object
            What it returned; `{"error": …}` when the arguments do not fit or it raised an exception, which is shown
            under the cell that defined it.
        """
        try:
            given = json.loads(arguments) if isinstance(arguments, str | bytes) else arguments
            if given is None or given == "":
                given = {}
            if not isinstance(given, Mapping):
                raise ValueError(f"expected a JSON object, got {type(given).__name__}")
            fitting = self._fit(given)
        except (ValueError, TypeError) as error:
            return {"error": f"{self.name}: {error}"}
        if self._takes_call:
            fitting["call"] = call
        try:
            return await self._part.call(fitting)
        except PartFailed as failed:
            return {"error": f"{type(failed.__cause__).__name__}: {failed.__cause__}"}

    def _fit(self, given: Mapping[str, Any]) -> dict[str, Any]:
        unknown = given.keys() - self._arguments.keys()
        if unknown:
            raise ValueError(f"unknown argument {sorted(unknown)[0]!r}")
        missing = [
            name
            for name, argument in self._arguments.items()
            if name not in given and argument.default is argument.empty
        ]
        if missing:
            raise ValueError(f"missing argument {missing[0]!r}")
        return {name: _fit(self._arguments[name].annotation, value, name) for name, value in given.items()}


class _Called:
    """A function that takes its arguments as one mapping; async if the function is."""

    def __new__(cls, function: Callable[..., Any]) -> Any:  # noqa: ANN401 - a function
        def plain(arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - the function's own result
            return function(**arguments)

        async def awaited(arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
            return await function(**arguments)

        is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
        return awaited if is_async else plain


def as_tools(tools: Sequence[Tool | Callable[..., Any]]) -> tuple[Tool, ...]:
    """Return functions as tools.

    Raises
    ------
    TypeError
        This is no list of functions, or one of them cannot be a tool.
    ValueError
        Two have the same name.
    """
    if callable(tools) or isinstance(tools, str):
        raise TypeError("tools: expected a list of functions")
    made = tuple(tool if isinstance(tool, Tool) else Tool(tool) for tool in tools)
    names = [tool.name for tool in made]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"tools: two functions are called {name!r}")
    return made


def _arguments(name: str, function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    hints = typing.get_type_hints(
        function if inspect.isroutine(function) else type(function).__call__, include_extras=True
    )
    arguments = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"tools: {name} has an argument {parameter.name!r} that cannot be given by name")
        if parameter.name != "call":
            arguments[parameter.name] = parameter.replace(annotation=hints.get(parameter.name, Any))
    return arguments


def _parameters(name: str, arguments: Mapping[str, inspect.Parameter], doc: str) -> dict[str, Any]:
    properties, required = {}, []
    for argument in arguments.values():
        try:
            schema = json_schema(argument.annotation)
        except TypeError as error:
            raise TypeError(f"tools: argument {argument.name!r} of {name}: {error}") from None
        described = re.search(rf"^{argument.name}\s*(?::[^\n]*)?\n((?:[ \t]+\S[^\n]*\n?)+)", doc, re.MULTILINE)
        if described and "description" not in schema:
            schema["description"] = " ".join(described[1].split())
        if argument.default is argument.empty:
            required.append(argument.name)
        elif isinstance(argument.default, str | int | float | bool | list | dict):
            schema["default"] = argument.default
        properties[argument.name] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def json_schema(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - any type hint
    """Return the JSON schema of a type hint.

    Raises
    ------
    TypeError
        It has none.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or hint is inspect.Parameter.empty:
        return {}
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    if origin is typing.Annotated:
        texts = [extra for extra in hint.__metadata__ if isinstance(extra, str)]
        return {**json_schema(inner[0]), **({"description": texts[0]} if texts else {})}
    if origin is Literal:
        return _choice(inner)
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return _choice(tuple(member.value for member in hint))
    if origin in (Union, types.UnionType):
        return {"anyOf": [json_schema(each) for each in inner]}
    bare = origin or hint
    if inspect.isclass(bare) and issubclass(bare, Mapping):
        return {"type": "object", **({"additionalProperties": json_schema(inner[1])} if len(inner) > 1 else {})}
    if bare is Sequence or (inspect.isclass(bare) and issubclass(bare, list | tuple | set | frozenset)):
        return {"type": "array", **({"items": json_schema(inner[0])} if inner else {})}
    if is_dataclass(hint):
        return _of_dataclass(hint)
    raise TypeError(f"{hint!r} has no JSON schema: use str, int, float, bool, list, dict, Literal, Enum, dataclass")


def _of_dataclass(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    hints = typing.get_type_hints(hint, include_extras=True)
    known = fields(hint)
    required = [field.name for field in known if field.default is MISSING and field.default_factory is MISSING]
    properties = {field.name: json_schema(hints[field.name]) for field in known}
    return {"type": "object", "properties": properties, "required": required}


def _choice(values: tuple[Any, ...]) -> dict[str, Any]:
    kinds = {_SIMPLE.get(type(value)) for value in values}
    if None in kinds:
        raise TypeError(f"a choice of {values!r} has no JSON schema")
    return {"enum": list(values), **({"type": kinds.pop()} if len(kinds) == 1 else {})}


def _fit(hint: Any, value: Any, name: str) -> Any:  # noqa: ANN401 - any type hint, any JSON value
    """Return a JSON value as its hint requires it: enums and dataclasses are made, numbers in texts parsed."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:
        return _fit(inner[0], value, name)
    if origin is Literal and value not in inner:
        raise ValueError(f"expected one of {', '.join(map(repr, inner))} in {name!r}, got {value!r}")
    if origin in (Union, types.UnionType):
        return _fit_any(inner, value, name)
    if inspect.isclass(hint):
        if issubclass(hint, enum.Enum):
            return hint(value)
        if is_dataclass(hint) and isinstance(value, Mapping):
            hints = typing.get_type_hints(hint, include_extras=True)
            return hint(**{key: _fit(hints.get(key, Any), each, f"{name}.{key}") for key, each in value.items()})
        if hint in _SIMPLE:
            return _fit_simple(hint, value, name)
    return value


def _fit_any(hints: tuple[Any, ...], value: Any, name: str) -> Any:  # noqa: ANN401 - as above
    for hint in hints:
        try:
            return _fit(hint, value, name)
        except (ValueError, TypeError):
            continue
    raise ValueError(f"{value!r} in {name!r} is none of {', '.join(map(str, hints))}")


def _fit_simple(hint: Any, value: Any, name: str) -> Any:  # noqa: ANN401 - as above
    if type(value) is hint or (hint is float and type(value) is int):
        return value
    if hint is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if hint in (int, float) and isinstance(value, str):
        return hint(value)  # models write numbers as texts
    raise ValueError(f"expected {_SIMPLE[hint]} in {name!r}, got {value!r}")
