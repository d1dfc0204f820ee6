"""Random frames of a client, for tests and for `python -m tests.server.fuzz [FRAMES]`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from random import Random
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm
from tests.harness.plain_client import AUDIO, answer, caller, ready

__all__ = ["Escapes", "fuzz"]

_PER_CALL = 200


class Escapes(logging.Handler):
    """Collects what the server did not expect: records with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.records.append(self.format(record))


def frame(chance: Random) -> str | bytes:
    """Return something that a client might send, or never would."""
    match chance.randrange(10):
        case 0 | 1:
            return "StartSpeaking"
        case 2 | 3:
            return "StopSpeaking"
        case 4:
            return "Mute"
        case 5:
            return chance.choice(("", "{", "null", "[]", "startspeaking", "StopSpeaking ", "Message {}", "\0", "ü" * 9))
        case 6:
            return chance.randbytes(chance.randrange(20))
        case 7:
            return chance.choice(("StartSpeaking", "Mute")).encode()
        case 8:
            return "x" * chance.randrange(2000)
        case _:
            return chance.randbytes(chance.randrange(4000))


async def one_call(url: str, chance: Random, frames: int) -> None:
    """Send random frames while reading whatever comes, and leave in a random way."""
    async with connect(url, compression=None, max_size=None, proxy=None, close_timeout=0.1) as connection:

        async def read() -> None:
            async for _ in connection:
                pass

        reading = asyncio.ensure_future(read())
        with contextlib.suppress(ConnectionClosed):
            for _ in range(frames):
                await connection.send(frame(chance))
                if chance.random() < 0.02:
                    await asyncio.sleep(0)
        if chance.random() < 0.5:
            connection.transport.abort()
        reading.cancel()
        await asyncio.wait([reading])


def parts() -> dict[str, Any]:
    """Return ears, a mind and a voice that are quick."""

    async def stt(utterance: Pcm) -> str:
        return f"{len(utterance)} samples" if len(utterance) % 3 else ""

    async def agent(conversation: list[dict[str, Any]]) -> str:
        return f"I heard {conversation[-1]['content']}"

    async def tts(sentence: str) -> bytes:
        return bytes(200)

    return {"stt": stt, "agent": agent, "tts": tts, "max_ahead_s": None}


async def fuzz(frames: int, seed: int = 0) -> list[str]:
    """Send so many random frames to servers of all kinds, in calls beside one that has to go on.

    Returns
    -------
    list
        What escaped; empty is right.
    """
    escapes = Escapes()
    logging.getLogger("micdrop_widget").addHandler(escapes)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: escapes.records.append(repr(context)))
    chance = Random(seed)
    kinds: list[dict[str, Any]] = [{}, parts(), {"check_params": lambda params: None}]
    try:
        for kind in kinds:
            received = 0

            def count(*_: object) -> None:
                nonlocal received
                received += 1

            is_refused = "check_params" in kind
            async with (
                MicdropServer(**kind, on_frame=count) as server,
                MicdropServer() as control,
                caller(control) as healthy,
            ):
                await ready(healthy)
                while received < frames // 2:
                    received += 4 * _PER_CALL if is_refused else 0  # each is refused at its first frame
                    each = [one_call(server.url, Random(chance.random()), _PER_CALL) for _ in range(4)]
                    await asyncio.gather(*each)
                for sent in ("StartSpeaking", AUDIO, "StopSpeaking"):
                    await healthy.send(sent)
                if (await answer(healthy))[0] != AUDIO:
                    escapes.records.append("the call beside was disturbed")
                if not is_refused:
                    async with caller(server) as later:
                        await ready(later)
    finally:
        logging.getLogger("micdrop_widget").removeHandler(escapes)
    return escapes.records


if __name__ == "__main__":
    logging.getLogger("micdrop_widget").propagate = False
    found = asyncio.run(fuzz(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
    sys.stdout.write("".join(f"{record}\n" for record in found) + f"{len(found)} escapes\n")
    sys.exit(bool(found))
