"""What a connection never shows: url query, user, params and headers, in no message, log, repr or traceback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropError, Reconnect
from tests.harness.callers import loud, quiet, ready_client
from tests.harness.servers import (
    closed_port,
    hold,
    message,
    scripted,
    serve_tcp,
    silent_after_accept,
)

pytestmark = pytest.mark.usefixtures("clean_loop")

NEVER = Reconnect(max_attempts=0)
MARKER = "xyzzy-secret"


# Privacy


@contextlib.asynccontextmanager
async def _failing(kind: str) -> AsyncIterator[str]:
    async def refuse(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(4401)

    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no WebSocket\r\n\r\n")
        await writer.drain()

    match kind:
        case "refused":
            yield f"ws://127.0.0.1:{closed_port()}"
        case "unknown host":
            yield "ws://nowhere.invalid:1"
        case "tls":
            async with scripted(hold) as url:
                yield url.replace("ws:", "wss:")
        case "status":
            async with scripted(hold, status=401) as url:
                yield url
        case "close code":
            async with scripted(refuse) as url:
                yield url
        case "silent":
            async with serve_tcp(silent_after_accept) as url:
                yield url
        case "garbage":
            async with serve_tcp(garbage) as url:
                yield url


def _shown(error: BaseException | None) -> str:
    """Return everything that a traceback of the error and of what it came from can show."""
    shown = ""
    while error is not None:
        shown += "".join(traceback.format_exception(error)) + repr(error) + str(error)
        error = error.__cause__ or error.__context__
    return shown


@pytest.mark.parametrize("kind", ["refused", "unknown host", "tls", "status", "close code", "silent", "garbage"])
async def test_no_failure_shows_a_secret(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with _failing(kind) as url:
        options: dict[str, Any] = {
            "params": {"authorization": MARKER},
            "headers": {"Authorization": f"Bearer {MARKER}"},
            "reconnect": Reconnect(connection_timeout_ms=300),
        }
        secret_url = f"{url}/call?token={MARKER}"
        call, _, events = ready_client(secret_url, **options)
        with pytest.raises(MicdropError) as raised:
            await call.start()
        assert MARKER not in _shown(raised.value)
        assert MARKER not in _shown(call.state.error)
        assert MARKER not in repr(call) + repr(call.options) + repr(call.state) + repr(events.all)
        state_error = call.state.error
        assert state_error is not None
        assert state_error.__traceback__ is None, "its frames would hold the options"
        assert state_error.__context__ is None
        await call.stop()
    assert "micdrop_widget.call.engine" in {record.name for record in caplog.records}
    assert MARKER not in caplog.text
    assert MARKER not in repr([(record.msg, record.args) for record in caplog.records])


async def test_no_secret_is_logged_by_a_call_that_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def script(connection: ServerConnection) -> None:
        assert MARKER in str(await connection.recv())
        await connection.send(message("assistant", "Hello"))
        await connection.send("Message {broken")
        await connection.send("Nonsense")
        await hold(connection)

    async with scripted(script) as url:
        call, mic, _ = ready_client(
            f"{url}/?token={MARKER}", params={"token": MARKER}, headers={"X-Token": MARKER}, ping_interval_s=0.05
        )
        async with call:
            await call.start()
            mic.say(np.concatenate([loud(3), quiet(3)]))
            await call.until(isUserSpeaking=True, timeout=5)
            await call.until(isUserSpeaking=False, timeout=5)
            assert MARKER not in repr(call) + repr(call.state)
    assert "Hello" in caplog.text, "the log is on"
    assert MARKER not in caplog.text
