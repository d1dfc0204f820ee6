"""Several views and several tabs of one call: one microphone, one loudspeaker, taken over by a click."""

from __future__ import annotations

import itertools

import numpy as np

from tests.e2e.calls import CALL, SERVER, press, wait_for_state, wait_for_words
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.parts import parts_played
from tests.harness.spoken import spoken

NOISE = """
import numpy as np
answer = np.random.default_rng(1).integers(-8000, 8000, 12 * 16000).astype(np.int16)

async def respond(call, utterance):
    utterances.append(utterance)
    await call.send_audio(answer)

server = MicdropServer(respond, on_frame=note).start()
"""
"""An answer of twelve seconds in which every place is unlike any other."""

ANSWER = np.random.default_rng(1).integers(-8000, 8000, 12 * 16000).astype(np.int16)


def live_tracks(notebook: Notebook) -> int:
    """Count the microphones that are on."""
    return sum(track.ready_state == "live" for track in notebook.tracks())


def wait_for_tracks(notebook: Notebook, count: int) -> None:
    """Wait until as many microphones are on in this page."""
    notebook.until("n => window.__tracks.filter((track) => track.readyState === 'live').length === n", count)


def heard(notebook: Notebook) -> list[tuple[int, int]]:
    """Return which parts of the answer a page has played, as `[start, end)`, in order."""
    return parts_played(notebook.taps(), ANSWER)


def test_a_second_tab_takes_over_and_back_in_the_middle_of_an_answer_and_rejoins_when_the_first_is_closed(
    open_notebook: NotebookOpener,
) -> None:
    speech = spoken("sentence")
    first = open_notebook([SERVER + NOISE, CALL], microphone=speech.path)
    first.run_all()
    first.save()
    second = open_notebook.tab(first)
    wait_for_words(second, "Not started")
    press(first, "start")
    first.kernel.until("call.isAssistantSpeaking", timeout=30)
    wait_for_words(second, "used in another tab", "note")
    assert (live_tracks(first), len(second.tracks())) == (1, 0)
    press(first, "mute")  # the fake microphone speaks anew when it is opened again, and would interrupt
    wait_for_state(first, isMuted=True)

    press(second, "take-over")
    wait_for_tracks(second, 1)
    wait_for_tracks(first, 0)
    second.until("async () => (await window.__taps.read()).some((tap) => tap.firstSample !== null)")
    wait_for_words(first, "used in another tab", "note")
    press(first, "take-over")
    wait_for_tracks(first, 1)
    wait_for_tracks(second, 0)

    first.kernel.until("call.turns[0].answer_end_ms is not None", timeout=30)
    assert first.kernel.eval("[len(call.turns), len(server_calls), call.isMicStarted]") == [1, 1, True]
    parts = sorted([*heard(first), *heard(second)])
    assert parts[0][0] == 0
    assert abs(parts[-1][1] - len(ANSWER)) < 320
    assert len(heard(first)) >= 2
    assert heard(second) != []
    # A page does not play again what it has played before: a moment at the other tab may lie within that.
    ends = itertools.accumulate((end for _, end in parts), max)
    for end, (start, _) in zip(ends, parts[1:], strict=False):
        assert 0 <= end - start < 16_000, parts  # nothing left out, and next to nothing twice

    first.close()
    wait_for_words(second, "Rejoin with the microphone", "take-over")
    assert second.kernel.eval("[call.isStarted, call.isMicStarted]") == [True, False]
    press(second, "take-over")
    wait_for_tracks(second, 1)
    second.kernel.until("call.isMicStarted")
    assert second.kernel.eval("[len(server_calls), len(server.calls)]") == [1, 1]
    press(second, "start")
    wait_for_state(second, isStarted=False)
    wait_for_tracks(second, 0)
