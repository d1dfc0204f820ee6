"""The race of the protocol's §1: a server refuses the call and terminates the connection while the user speaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropClient, MicdropError
from micdrop_widget._threads import LoopThread
from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.devices import Microphone
from tests.harness.callers import Events, LoudVAD, loud
from tests.harness.servers import abort, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")

CALLS = 500
AT_ONCE = 10


class Talker:
    """A live microphone into which somebody speaks from its first sample on, faster than any person."""

    live = True
    _speech = loud(1)

    async def open(self, device_id: str | None) -> Microphone:
        return Microphone()

    async def frames(self) -> AsyncIterator[Pcm]:
        for _ in range(50):  # what is said while the connection opens
            yield self._speech
        while True:
            await asyncio.sleep(FRAME_SAMPLES / 16_000 / 16)
            yield self._speech

    async def close(self) -> None:
        pass


async def refuse(connection: ServerConnection) -> None:
    """Take the params, think, close with 4401 and terminate in the same tick, as Micdrop's server does."""
    await connection.recv()
    # Thinking blocks the server's loop: whatever the client sends meanwhile lies unread in the socket, and an
    # unread byte turns the end of the connection into a reset, which takes the close code with it.
    time.sleep(0.003)  # noqa: ASYNC251
    connection.protocol.send_close(4401, "no")
    for chunk in connection.protocol.data_to_send():
        connection.transport.write(chunk)
    assert connection.transport.get_write_buffer_size() == 0, "the close frame is on its way"
    abort(connection)


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """Run the server in a thread of its own: on one loop, client and server would only ever take turns."""
    thread = LoopThread("refusing-server")
    stack = AsyncExitStack()
    yield thread.submit(stack.enter_async_context(scripted(refuse))).result()
    thread.submit(stack.aclose()).result()
    thread.stop()


async def test_a_refusal_is_reported_as_such_in_500_of_500_calls(refusing_url: str) -> None:
    async def one_call() -> str:
        call = MicdropClient(refusing_url, source=Talker(), vad=LoudVAD(), params={"token": "wrong"})
        events = Events(call)
        with pytest.raises(MicdropError) as raised:
            await call.start()
        assert any(state.isUserSpeaking for state in events.states), "the race needs a user who speaks already"
        assert [error.code for error in events.errors] == [raised.value.code]
        await call.stop()
        return raised.value.code.value

    codes: list[str] = []
    for _ in range(CALLS // AT_ONCE):
        codes += await asyncio.gather(*(one_call() for _ in range(AT_ONCE)))
    assert {code: codes.count(code) for code in set(codes)} == {"Unauthorized": CALLS}
