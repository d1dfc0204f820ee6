"""Runs a tool that an agent asks for, and makes the frames that report it to the client."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from micdrop_widget import protocol as wire
from micdrop_widget.agents.pieces import ToolRequest
from micdrop_widget.agents.tools import Tool
from micdrop_widget.server.call import ServerCall

__all__ = ["ToolUse", "use_tool"]


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The result of a tool."""

    text: str
    """The output for the agent: a text as it is, anything else as JSON."""
    frames: tuple[wire.ServerFrame, ...]
    """The frames for the client."""


async def use_tool(tools: Sequence[Tool], request: ToolRequest, call: ServerCall) -> ToolUse:
    """Run a tool; one that is not there, or fails, gives `{"error": …}`."""
    tool = next((tool for tool in tools if tool.name == request.name), None)
    if tool is None:
        return ToolUse(json.dumps({"error": f"no tool {request.name!r}"}), ())
    output = await tool.run(request.arguments, call)
    text = output if isinstance(output, str) else json.dumps(output, default=str)
    return ToolUse(text, _frames(request, output) if tool.emit else ())


def _frames(request: ToolRequest, output: object) -> tuple[wire.ServerFrame, ...]:
    plain = json.loads(json.dumps(output, default=str))
    return (
        wire.Message(wire.ToolCallMessage(request.id, request.name, request.arguments_text)),
        wire.ToolCall(request.name, json.loads(request.arguments_text), plain),
        wire.Message(wire.ToolResultMessage(request.id, request.name, json.dumps(plain))),
    )
