"""What docs/agents.md shows can be run as it stands."""

from __future__ import annotations

import re
from typing import Any

import pytest

from micdrop_widget import MicdropServer
from tests.paths import DOCS

pytest.importorskip("openai", reason="the extra `openai` is not installed")

WRITTEN = re.findall(r"```python\n(.*?)```", (DOCS / "agents.md").read_text(encoding="utf-8"), re.DOTALL)


def test_every_block_runs_and_every_server_of_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    blocks = [block for block in WRITTEN if "pipecat" not in block]  # tried in an environment of its own
    namespace: dict[str, Any] = {}
    started = []
    try:
        for block in blocks:
            exec(compile(block, "docs/agents.md", "exec"), namespace)
            started += [each for each in namespace.values() if isinstance(each, MicdropServer) and each not in started]
        assert [server.parts for server in started] == [
            "stt, agent",
            "stt, agent, tts",
            "<OpenAIRealtime gpt-realtime at wss://api.openai.com/v1/realtime>, tool weather",
        ]
    finally:
        for server in started:
            server.stop()
