"""A call in a page that is kept: saved by hand, and written while it goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from micdrop_widget import load_call
from micdrop_widget.audio import Pcm
from micdrop_widget.server import ServerCall
from tests.page.calls import Opener, wait_until

GREETING: Pcm = np.random.default_rng(0).integers(1, 8000, 16_000).astype(np.int16)


def test_a_call_in_a_page_is_kept_with_what_carried_it(open_call: Opener, tmp_path: Path) -> None:
    async def greet(call: ServerCall) -> None:
        await call.send_audio(GREETING)
        await call.send_message("assistant", "Hello!")

    held = open_call(open_call.serve(greeting=greet), save_to=tmp_path / "calls")
    held.page.press("start")
    wait_until(lambda: held.call.turns and held.call.turns[0].answer_end_ms is not None)
    saved = load_call(held.call.save(tmp_path / "kept"))
    held.call.stop().result(10)
    written = load_call(held.call.saved_to or tmp_path)
    for kept in (saved, written):
        assert kept.turns[0].assistant_text == "Hello!"
        assert kept.about["transport"]["browser_link"]["messages"] > 0
        assert kept.about["microphone"]["sample_rate"] > 0
        assert kept.recording is not None
        heard = kept.recording.assistant
        assert np.array_equal(heard[heard != 0], GREETING)
    assert written.is_complete
    assert written.conversation == saved.conversation == tuple(held.call.state.conversation)
