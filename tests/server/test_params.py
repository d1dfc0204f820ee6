"""The embedded server's handshake: params in the first frame, and the codes of a refusal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm
from micdrop_widget.server import CallRefused, ServerCall, echo
from tests.harness.plain_client import AUDIO, answer, caller, closes_with, ready

pytestmark = pytest.mark.usefixtures("clean_loop")

MARKER = "xyzzy-secret"


# The params handshake


def accept(params: dict[str, Any]) -> None:
    """Accept everything."""


@pytest.mark.parametrize("first", ['{"a": 1}', b'{"a": 1}'])
async def test_params_are_taken_from_the_first_frame_of_any_kind(first: str | bytes) -> None:
    seen: list[Any] = []

    async def respond(call: ServerCall, utterance: Pcm) -> None:
        seen.append(call.params)
        await echo(call, utterance)

    async with MicdropServer(respond, check_params=accept) as server, caller(server) as connection:
        await connection.send(first)
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        await answer(connection)
    assert seen == [{"a": 1}]


@pytest.mark.parametrize("first", ["StartSpeaking", "{", "[1]", '"text"', b"\xff\xfe", AUDIO])
async def test_a_first_frame_that_is_no_json_object_is_refused_with_4400(first: str | bytes) -> None:
    async with MicdropServer(check_params=accept) as server, caller(server) as connection:
        await connection.send(first)
        assert await closes_with(connection) == (4400, "params expected, as a JSON object")


async def test_params_that_do_not_come_within_three_seconds_are_refused_with_4400() -> None:
    async with MicdropServer(check_params=accept) as server, caller(server) as connection:
        began = asyncio.get_running_loop().time()
        assert await closes_with(connection, 10) == (4400, "params expected, as a JSON object")
        assert asyncio.get_running_loop().time() - began > 2.9


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CallRefused(), (4401, "")),
        (CallRefused(4404, "no such agent"), (4404, "no such agent")),
        (CallRefused(4999), (4999, "")),
        (ValueError("language: expected 'en'"), (4400, "language: expected 'en'")),
        (ValueError("ü" * 100), (4400, "ü" * 61)),
        (ZeroDivisionError(MARKER), (1011, "internal error")),
    ],
)
@pytest.mark.parametrize("later", [False, True])
async def test_check_params_refuses_with_its_code(error: Exception, expected: tuple[int, str], later: bool) -> None:
    def now(params: dict[str, Any]) -> None:
        raise error

    async def awaited(params: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        raise error

    async with MicdropServer(check_params=awaited if later else now) as server, caller(server) as connection:
        await connection.send("{}")
        assert await closes_with(connection) == expected


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (3999, ""), (5000, ""), (4401, "ü" * 62)])
def test_a_refusal_that_no_close_frame_can_hold_is_a_value_error(code: int, reason: str) -> None:
    with pytest.raises(ValueError, match="CallRefused: expected"):
        CallRefused(code, reason)


async def test_no_secret_of_the_params_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "micdrop_widget")

    def refuse(params: dict[str, Any]) -> None:
        raise CallRefused

    for check in (accept, refuse, None):
        async with MicdropServer(check_params=check) as server, caller(server) as connection:
            with contextlib.suppress(ConnectionClosed):
                await connection.send(json.dumps({"token": MARKER}))
                await connection.send("StopSpeaking")
                await ready(connection)
            assert MARKER not in repr(server)
    records = [record.getMessage() for record in caplog.records if not record.name.startswith("websockets.client")]
    assert MARKER not in repr(records)
