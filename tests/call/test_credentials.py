"""Params and headers that functions make: fresh for each connection, never kept, shown or logged."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import threading
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropError, Reconnect
from micdrop_widget.call.credentials import params_text
from tests.harness.callers import ready_client
from tests.harness.servers import hold, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")

SECRET = "hunter2token"


class Gateway:
    """A server that notes what it is shown, and drops the first connection."""

    def __init__(self) -> None:
        self.params: list[Any] = []
        self.headers: list[str | None] = []

    async def __call__(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.headers.append(connection.request.headers.get("Authorization"))
        self.params.append(json.loads(await connection.recv()))
        await connection.send("SkipAnswer")
        if len(self.params) == 1:
            connection.transport.abort()
        await hold(connection)


def test_params_are_the_first_frame_as_json() -> None:
    assert params_text(None) is None
    assert params_text({}) == "{}"
    text = params_text({"authorization": "Bearer é", "n": [1, None]})
    assert text is not None
    assert json.loads(text) == {"authorization": "Bearer é", "n": [1, None]}


@pytest.mark.parametrize("kind", ["plain", "async", "a function that returns an awaitable"])
async def test_a_function_is_asked_before_every_connection(kind: str) -> None:
    numbers = itertools.count(1)

    def plain() -> dict[str, str]:
        return {"Authorization": f"{SECRET} {next(numbers)}"}

    async def coroutine() -> dict[str, str]:
        await asyncio.sleep(0)
        return plain()

    def returning() -> Any:
        return coroutine()

    function: Any = {"plain": plain, "async": coroutine}.get(kind, returning)
    gateway = Gateway()
    async with scripted(gateway) as url:
        call, _, events = ready_client(url, params=function, headers=function, reconnect=Reconnect(delay_ms=0))
        await call.start()
        await call.until(isReconnecting=True, timeout=5)
        await call.until(isReconnecting=False, timeout=5)
        await call.stop()
    assert gateway.headers == [f"{SECRET} 1", f"{SECRET} 3"]
    assert gateway.params == [{"Authorization": f"{SECRET} 2"}, {"Authorization": f"{SECRET} 4"}]
    assert SECRET not in repr(call) + repr(call.options) + repr(call.state) + repr(events.all)


async def test_a_plain_function_does_not_run_on_the_loop() -> None:
    threads: list[threading.Thread] = []

    def params() -> dict[str, str]:
        threads.append(threading.current_thread())
        return {}

    async with scripted(Gateway()) as url:
        call, _, _ = ready_client(url, params=params)
        await call.start()
        await call.stop()
    assert threads[0] is not threading.current_thread()


async def test_a_function_may_return_none() -> None:
    async with scripted(hold) as url:
        call, _, _ = ready_client(url, params=lambda: None, headers=lambda: None)
        await call.start()
        await call.stop()


def _raising() -> Any:
    raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_raising, "failed (RuntimeError)"),
        (lambda: SECRET, "failed (TypeError)"),
        (lambda: {"key": object()}, "failed (TypeError)"),
        (lambda: asyncio.sleep(60), "did not return within 0.3 s"),
    ],
)
@pytest.mark.parametrize("option", ["params", "headers"])
async def test_a_function_that_fails_fails_the_start(
    option: str, function: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with scripted(hold) as url:
        options = {option: function, "reconnect": Reconnect(connection_timeout_ms=300)}
        call, _, _ = ready_client(url, **options)
        with pytest.raises(MicdropError, match="BadRequest") as raised:
            await call.start()
        await call.stop()
    assert f"The function that was given as {option} {words}" in raised.value.message
    assert SECRET not in str(raised.value) + caplog.text
    assert raised.value.__context__ is None
