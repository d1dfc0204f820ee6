"""Nothing on standard error that is not ours: a whole call with both networks, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.paths import FIXTURES, PACKAGE

CALL = """
import asyncio, sys
from micdrop_widget import ArraySource, MicdropClient, MicdropServer, SmartTurn, VirtualSpeaker, detect_speech

async def main(path):
    source = ArraySource(path, pace="fast")
    async with MicdropServer() as server:
        async with MicdropClient(
            server.url, source=source, sink=VirtualSpeaker(pace="fast"), turn_detector=SmartTurn()
        ) as call:
            await call.start()
            await call.until(isAssistantSpeaking=True, timeout=60)
    print(len(detect_speech(path).segments))

asyncio.run(main(sys.argv[1]))
"""


def test_a_whole_call_says_nothing_on_standard_error() -> None:
    command = [sys.executable, "-X", "dev", "-c", CALL, str(FIXTURES / "sentence.wav")]
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
