"""How everything here sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from micdrop_widget import _comm

__all__ = ["Send"]

Send: TypeAlias = Callable[[_comm.Content, list[bytes] | None], None]
"""Sends a custom message with its buffers; from any thread."""
