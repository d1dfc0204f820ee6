"""Outputs of a cell, as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def text_of(outputs: Iterable[dict[str, Any]]) -> str:
    """Return what was printed, the plain text of values and tracebacks, without colours."""
    return _COLOURS.sub("", "".join(_text_of_one(output) for output in outputs))


def _text_of_one(output: dict[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            text = output["text"]
        case "error":
            return "\n".join(output["traceback"])
        case _:
            text = output["data"].get("text/plain", "")
    return text if isinstance(text, str) else "".join(text)
