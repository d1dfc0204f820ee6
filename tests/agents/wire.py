"""A client on the wire, for agents: says something, and gives what comes back as short texts."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection

from micdrop_widget.audio import Pcm

__all__ = ["WORDS", "hear", "metadata_of", "say", "tone", "words"]

WORDS = np.arange(1600, dtype=np.int16)
"""What the client says: 0.1 s."""


def tone(samples: int, value: int = 1) -> Pcm:
    """Return samples that are all alike, so that each tells where it is from."""
    return np.full(samples, value, dtype=np.int16)


async def say(connection: ClientConnection, pcm: Pcm = WORDS) -> None:
    """Say an utterance."""
    for frame in ("StartSpeaking", pcm.astype("<i2").tobytes(), "StopSpeaking"):
        await connection.send(frame)


async def hear(connection: ClientConnection, until: str) -> list[str]:
    """Receive up to a frame that begins like this; audio that follows audio of the same value is one entry."""
    heard: list[str] = []
    while not heard or not heard[-1].startswith(until):
        frame = await asyncio.wait_for(connection.recv(), 10)
        if isinstance(frame, str):
            name, _, payload = frame.partition(" ")
            value = json.loads(payload) if payload else None
            heard.append(words(name, value))
            continue
        for value in _runs(np.frombuffer(frame, dtype="<i2")):
            entry = f"audio {value}"
            if not heard or heard[-1] != entry:
                heard.append(entry)
    return heard


def words(name: str, value: Any) -> str:
    """Return a frame in short, without the metadata."""
    if isinstance(value, dict) and "content" in value:
        return f"{value['role']}: {value['content']}"
    return name if value is None else f"{name} {json.dumps(value, sort_keys=True)}"


def _runs(pcm: Pcm) -> list[int]:
    changes = np.flatnonzero(np.diff(pcm)) + 1
    return [int(part[0]) for part in np.split(pcm, changes) if len(part)]


async def metadata_of(connection: ClientConnection, role: str) -> dict[str, Any]:
    """Receive up to a message of a role, and return its metadata."""
    while True:
        frame = await asyncio.wait_for(connection.recv(), 10)
        if isinstance(frame, str) and frame.startswith("Message "):
            item = json.loads(frame.partition(" ")[2])
            if item["role"] == role:
                found: dict[str, Any] = item.get("metadata", {})
                return found
