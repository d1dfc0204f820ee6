"""Python functions as an agent's tools."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from micdrop_widget.agents import Tool
from micdrop_widget.agents.tools import as_tools, json_schema


class Unit(enum.Enum):
    """A unit."""

    C = "celsius"
    F = "fahrenheit"


@dataclass
class Point:
    x: float
    y: float = 0.0


def weather(place: str, unit: Unit = Unit.C, *, days: int = 1) -> str:
    """Tell the weather of a place.

    More that no model needs.

    Parameters
    ----------
    place
        Name of a town,
        in English.
    days
        How many.
    """
    return f"{place} {unit.name} {days}"


def test_the_schema_of_a_tool_comes_from_its_hints_and_its_docstring() -> None:
    assert Tool(weather).schema == {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tell the weather of a place.",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "description": "Name of a town, in English."},
                    "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                    "days": {"type": "integer", "default": 1, "description": "How many."},
                },
                "required": ["place"],
                "additionalProperties": False,
            },
        },
    }


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (Any, {}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (list, {"type": "array"}),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (dict, {"type": "object"}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
        (
            Point,
            {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}, "required": ["x"]},
        ),
    ],
)
def test_a_type_hint_has_this_schema(hint: Any, schema: dict[str, Any]) -> None:
    assert json_schema(hint) == schema


@pytest.mark.parametrize("hint", [bytes, complex, object])
def test_a_hint_without_a_schema_is_a_type_error(hint: Any) -> None:
    with pytest.raises(TypeError, match="has no JSON schema"):
        json_schema(hint)


def no_hint(a, *, b=2):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    return a, b


async def later(point: Point, times: list[int]) -> Any:
    """Answer later."""
    return point.x + point.y, times


def with_call(call: Any, text: str) -> Any:
    """Ask for the call."""
    return call, text


@pytest.mark.parametrize(
    ("function", "arguments", "result"),
    [
        (weather, {"place": "Oslo"}, "Oslo C 1"),
        (weather, '{"place": "Oslo", "unit": "fahrenheit", "days": 3}', "Oslo F 3"),
        (weather, {"place": "Oslo", "days": "2"}, "Oslo C 2"),
        (weather, {"place": "Oslo", "days": 2.0}, "Oslo C 2"),
        (no_hint, {"a": [1]}, ([1], 2)),
        (later, {"point": {"x": 1, "y": 2}, "times": [3]}, (3, [3])),
        (with_call, {"text": "t"}, ("the call", "t")),
    ],
)
async def test_a_tool_is_called_with_the_arguments_of_a_model(function: Any, arguments: Any, result: Any) -> None:
    assert await Tool(function).run(arguments, "the call") == result


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "weather: missing argument 'place'"),
        ("{", "weather: Expecting property name"),
        ("[]", "weather: expected a JSON object, got list"),
        ({"place": "Oslo", "when": 1}, "weather: unknown argument 'when'"),
        ({"place": 1}, "weather: expected string in 'place', got 1"),
        ({"place": "Oslo", "days": "many"}, "weather: invalid literal"),
        ({"place": "Oslo", "days": True}, "weather: expected integer in 'days', got True"),
        ({"place": "Oslo", "unit": "kelvin"}, "weather: 'kelvin' is not a valid Unit"),
    ],
)
async def test_arguments_that_do_not_fit_are_an_error_for_the_model(arguments: Any, error: str) -> None:
    result = await Tool(weather).run(arguments)
    assert list(result) == ["error"]
    assert result["error"].startswith(error)


async def test_an_exception_of_a_tool_is_an_error_for_the_model_and_shown(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        """Break."""
        raise ZeroDivisionError("no luck")

    assert await Tool(broken).run(None) == {"error": "ZeroDivisionError: no luck"}
    assert "broken failed" in caplog.text
    assert "in broken" in caplog.text


def test_the_call_is_no_part_of_the_schema() -> None:
    assert list(Tool(with_call).parameters["properties"]) == ["text"]


@pytest.mark.parametrize(
    ("tools", "error", "words"),
    [
        (weather, TypeError, "expected a list of functions"),
        ("weather", TypeError, "expected a list of functions"),
        ([1], TypeError, "expected functions, got 1"),
        ([Point], TypeError, "expected functions"),
        ([weather, Tool(no_hint, name="weather")], ValueError, "two functions are called 'weather'"),
        ([lambda *a: 1], TypeError, "has an argument 'a' that cannot be given by name"),
    ],
)
def test_tools_that_no_agent_can_use_are_refused(tools: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        as_tools(tools)


def test_a_tool_whose_argument_has_no_schema_is_named() -> None:
    def odd(value: complex) -> None:
        """Be odd."""

    odd.__annotations__["value"] = complex
    with pytest.raises(TypeError, match="argument 'value' of odd: <class 'complex'> has no JSON schema"):
        Tool(odd)
