"""`python -m micdrop_widget`: the demo that judges itself, and the server for other programs."""

from __future__ import annotations

import asyncio
import functools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from micdrop_widget.cli import demo
from micdrop_widget.cli.main import main
from micdrop_widget.server import Respond, ServerCall, echo
from tests.harness.callers import ready_client, turns_over
from tests.harness.leaks import until
from tests.harness.processes import heed_ctrl_c
from tests.harness.servers import closed_port

COMMAND = [sys.executable, "-m", "micdrop_widget"]


def at_once(monkeypatch: pytest.MonkeyPatch, respond: Respond = echo) -> None:
    """Let the demo take no longer than its work, and answer as told."""
    monkeypatch.setattr(demo, "ArraySource", functools.partial(ArraySource, pace="fast"))
    monkeypatch.setattr(demo, "VirtualSpeaker", functools.partial(VirtualSpeaker, pace="fast"))
    monkeypatch.setattr(demo, "MicdropServer", functools.partial(MicdropServer, respond))


def test_the_demo_prints_what_happens_and_ends_with_0_when_the_echo_is_the_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_once(monkeypatch)
    assert main(["demo"]) == 0
    told = capsys.readouterr().out
    course = [
        "the microphone is open",
        "the call is ready",
        "assistant: Say something",
        "the user speaks",
        "the user has finished",
        "the assistant is heard",
        "the assistant has finished",
        "the call has ended",
        "The conversation",
        "The timings",
        "The echo is the utterance, sample for sample",
        "and the utterance holds the whole sentence",
    ]
    positions = [told.find(step) for step in course]
    assert -1 not in positions, course[positions.index(-1)]
    assert positions == sorted(positions)
    assert "NOT" not in told
    assert re.search(r"answer heard to the end +\d+\n", told)


async def drops_a_sample(call: ServerCall, utterance: Pcm) -> None:
    await call.send_message("user", "heard")
    await call.send_audio(np.delete(utterance, len(utterance) // 2))
    await call.send_message("assistant", "nearly the same")


async def changes_a_sample(call: ServerCall, utterance: Pcm) -> None:
    changed = utterance.copy()
    changed[100] += 1
    await call.send_audio(changed)


@pytest.mark.parametrize("respond", [drops_a_sample, changes_a_sample])
def test_the_demo_ends_with_1_when_one_sample_is_wrong(
    respond: Respond, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_once(monkeypatch, respond)
    assert main(["demo"]) == 1
    assert "The echo is NOT the utterance, sample for sample" in capsys.readouterr().out


def test_the_demo_ends_with_1_when_no_answer_comes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def silent(call: ServerCall, utterance: Pcm) -> None:
        await call.skip_answer()

    at_once(monkeypatch, silent)
    monkeypatch.setattr(demo, "_LIMIT_S", 1)
    assert main(["demo"]) == 1
    assert "The demo failed: after 1 s the state is" in capsys.readouterr().out


def test_the_demo_runs_as_a_program_in_real_time() -> None:
    done = subprocess.run([*COMMAND, "demo"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The echo is the utterance, sample for sample" in done.stdout


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the server as a program, and give its process and url."""
    command = [*COMMAND, "serve", *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=heed_ctrl_c)  # noqa: PLW1509
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"ws://\S+", line)
        assert found, line
        yield process, found.group()
    finally:
        process.kill()
        process.communicate()


async def test_serve_answers_a_real_client_and_ends_on_ctrl_c_with_0() -> None:
    with serving("--port", "0") as (process, url):
        speaker = VirtualSpeaker(pace="fast", keep=True)
        call, mic, _ = ready_client(url, sink=speaker)
        async with call:
            await call.start()
            mic.say(turns_over(10))
            await until(lambda: len(call.state.conversation) == 3)
            assert pcm_to_bytes(speaker.heard) == pcm_to_bytes(turns_over(10))
            os.kill(process.pid, signal.SIGINT)  # while a call is up
            assert await asyncio.to_thread(process.wait, 30) == 0  # the call answers meanwhile
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_serve_on_a_taken_port_says_so_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    server = MicdropServer().start()
    try:
        assert main(["serve", "--port", server.url.rpartition(":")[2]]) == 1
    finally:
        server.stop()
    assert "choose another port" in capsys.readouterr().err


def test_serve_listens_on_the_host_and_port_that_were_given() -> None:
    port = closed_port()
    with serving("--port", str(port)) as (_, url):
        assert url == f"ws://127.0.0.1:{port}"


@pytest.mark.parametrize(("arguments", "words"), [(["--help"], ["demo", "serve"]), (["serve", "--help"], ["--port"])])
def test_help_names_what_there_is(arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(word in told for word in words)


def test_no_command_and_an_unknown_one_are_errors_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["sing"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_is_none_is_refused_at_once(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", f"--port={port}"])
    assert caught.value.code == 2
    assert "from 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["http://localhost"], "url: expected a WebSocket address"),
        (["ws://localhost:1", "--params-file", "/nowhere/params.json"], "No such file"),
    ],
)
def test_a_call_that_cannot_be_offered_says_why(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", *arguments, "--no-browser", "--vad", "volume"]) == 1
    assert words in capsys.readouterr().err


def test_the_params_of_a_call_come_from_a_file_and_are_an_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.json").write_text('["secret"]')
    file = str(tmp_path / "params.json")
    assert main(["call", "ws://localhost:1", "--no-browser", "--params-file", file]) == 1
    assert "expected a JSON object" in (said := capsys.readouterr().err)
    assert "secret" not in said
