"""Whole calls through a virtual sound card: what the microphone really hears, and what the loudspeaker really plays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.e2e.calls import (
    CALL,
    PROCESSING_OFF,
    SERVER,
    press,
    utterances,
    wait_for_state,
    wait_for_turns,
    wait_for_words,
)
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.channel import match_channel
from tests.harness.listen import Signal, find_faults
from tests.harness.sound_card import SoundCard
from tests.harness.spoken import spoken, write_wav
from tests.harness.taps import exactly_at

pytestmark = pytest.mark.sound_card

SENTENCE = spoken("sentence")
TWO_SENTENCES = spoken("two_sentences")
PLACES = [(sentence.start_sample, sentence.end_sample) for sentence in TWO_SENTENCES.sentences]
GRANDMOTHER = TWO_SENTENCES.pcm_of(1)
CARD_RATE = 48_000
MAY_SLIP = 0.2  # of a sentence
RECOGNISABLE = 0.5  # of a sentence may be lost, and it is still this one: of another everything is

LONG_ANSWER = f"""
{SERVER.replace("echo(call, utterance)", "call.send_audio(answer)")}
import numpy as np
from micdrop_widget.audio_input import as_pcm

spoken = as_pcm({str(TWO_SENTENCES.path)!r})
answer = np.concatenate([spoken[start:end] for start, end in {PLACES!r}] * 2)
"""
"""A server that answers with four sentences, 10.5 s of speech, whatever was said."""

GREETED = (
    LONG_ANSWER
    + """
async def greet(call):
    await call.send_audio(answer[:4 * 16_000])

server.stop()
server = MicdropServer(respond, greeting=greet, on_frame=note).start()
"""
)
"""The same, with a greeting of four seconds."""

CHANGE = "await call.change_mic_device(next(device.id for device in call.micDevices if device.label == {!r}))"

CALL_WITHOUT_ECHO_CANCELLATION = CALL.replace("server.url", "server.url, echo_cancellation=False")


def start_call(
    open_notebook: NotebookOpener,
    sound_card: SoundCard,
    server: str = SERVER,
    call: str = CALL,
    cells: Sequence[str] = (),
) -> Notebook:
    """Show the panel, press Start, and wait until the call listens."""
    notebook = show_call(open_notebook, sound_card, server, call, cells)
    press(notebook, "start")
    wait_for_state(notebook, isListening=True)
    return notebook


def show_call(
    open_notebook: NotebookOpener, sound_card: SoundCard, server: str, call: str, cells: Sequence[str] = ()
) -> Notebook:
    """Show the panel."""
    notebook = open_notebook([server, call, *cells], microphone=sound_card, tap_microphone=True)
    notebook.page.evaluate(PROCESSING_OFF)
    notebook.run_cell(0)
    notebook.run_cell(1)
    return notebook


def lost_share(wanted: Signal, heard: Signal, sample_rate: int) -> float:
    """Return which share of the samples is not there, wherever the rest is.

    A sound card that starves on a busy machine stalls, or skips some of what it was given. That is not the
    call's fault; what the page itself got and gave is compared sample for sample.
    """
    faults = find_faults(wanted, heard, block=sample_rate * 3 // 100, max_shift=sample_rate, min_correlation=0.95)
    return sum(fault.samples for fault in faults if fault.kind not in ("gap", "repeated")) / len(wanted)


def test_a_sentence_reaches_the_server_whole_and_its_echo_is_really_played(
    sound_card: SoundCard, open_notebook: NotebookOpener
) -> None:
    sound_card.add_microphone("Desk")
    notebook = start_call(open_notebook, sound_card)
    with sound_card.listening(CARD_RATE) as heard:
        sound_card.speak(SENTENCE.path, "Desk")
        wait_for_turns(notebook, 1)
    (utterance,) = utterances(notebook)

    # what arrived is what the microphone gave, and that is the sentence
    (microphone,) = notebook.taps("microphone")
    exactly_at(microphone, utterance)
    assert lost_share(match_channel(SENTENCE.pcm_of(0), utterance), utterance, 16_000) < MAY_SLIP

    # what the page played is what the server sent, without a gap, and it was heard
    (playback,) = notebook.taps()
    exactly_at(playback, utterance)
    assert lost_share(soxr.resample(utterance, 16_000, CARD_RATE), heard.pcm, CARD_RATE) < MAY_SLIP


def test_a_long_answer_that_the_microphone_hears_does_not_interrupt_itself(
    sound_card: SoundCard, open_notebook: NotebookOpener
) -> None:
    sound_card.add_microphone("Desk")
    notebook = show_call(open_notebook, sound_card, GREETED, CALL)
    notebook.kernel.execute("call.mute()")
    with sound_card.echoing("Desk"):
        press(notebook, "start")
        # The browser learns the room from the greeting: of its first tenths of a second some echo is left.
        notebook.kernel.until("'isAssistantSpeaking' in became_true and not call.isAssistantSpeaking", timeout=30)
        notebook.kernel.execute("call.unmute()")
        wait_for_state(notebook, isListening=True)
        sound_card.speak(SENTENCE.path, "Desk")
        wait_for_turns(notebook, 1)
    assert notebook.page.evaluate("window.__getUserMedia[0].settings.echoCancellation") is True
    assert notebook.kernel.eval("became_true.count('isAssistantSpeaking')") == 2
    assert_answered_without_interruption(notebook)


def test_without_echo_cancellation_interruption_is_off_and_the_answer_does_not_interrupt_itself(
    sound_card: SoundCard, open_notebook: NotebookOpener
) -> None:
    sound_card.add_microphone("Desk")
    notebook = start_call(open_notebook, sound_card, LONG_ANSWER, CALL_WITHOUT_ECHO_CANCELLATION)
    with sound_card.echoing("Desk"):
        sound_card.speak(SENTENCE.path, "Desk")
        wait_for_turns(notebook, 1)
    assert notebook.page.evaluate("window.__getUserMedia[0].settings.echoCancellation") is False
    assert notebook.kernel.eval("became_true.count('isAssistantSpeaking')") == 1
    assert_answered_without_interruption(notebook)
    # the room is real: the microphone heard the answer, and nobody took it for the user
    (microphone,) = notebook.taps("microphone")
    (playback,) = notebook.taps()
    answer = np.flatnonzero(playback.samples)
    heard = microphone.samples[answer[0] : answer[-1]]
    assert level_dbfs(heard) > level_dbfs(playback.samples[answer[0] : answer[-1]]) - 20


def test_the_microphone_changes_during_a_call_and_stays_muted_if_it_was(
    sound_card: SoundCard, open_notebook: NotebookOpener, tmp_path: Path
) -> None:
    grandmother = write_wav(tmp_path / "grandmother.wav", np.pad(GRANDMOTHER, 16_000))
    sound_card.add_microphone("Desk")
    sound_card.add_microphone("Headset")
    cells = [CHANGE.format("Headset"), "await call.mute()\n" + CHANGE.format("Desk"), "await call.unmute()"]
    notebook = start_call(open_notebook, sound_card, cells=cells)
    assert {"Desk", "Headset"} <= set(notebook.kernel.eval("[device.label for device in call.micDevices]"))

    notebook.run_cell(2)
    sound_card.speak(SENTENCE.path, "Desk")  # nobody hears it
    sound_card.speak(grandmother, "Headset")
    wait_for_turns(notebook, 1)
    (utterance,) = utterances(notebook)
    assert lost_share(match_channel(GRANDMOTHER, utterance), utterance, 16_000) < RECOGNISABLE

    notebook.run_cell(3)
    before = notebook.kernel.eval("len(frames)")
    sound_card.speak(grandmother, "Desk")
    assert notebook.kernel.eval("[call.isMuted, call.isMicMuted, len(frames)]") == [True, True, before]

    notebook.run_cell(4)
    sound_card.speak(SENTENCE.path, "Desk")
    wait_for_turns(notebook, 2)
    _, utterance = utterances(notebook)
    assert lost_share(match_channel(SENTENCE.pcm_of(0), utterance), utterance, 16_000) < RECOGNISABLE
    tracks = [(track.label, track.ready_state) for track in notebook.tracks()]
    assert tracks == [("Default", "ended"), ("Headset", "ended"), ("Desk", "live")]


def test_a_call_on_the_default_microphone_goes_on_with_another_when_it_is_unplugged(
    sound_card: SoundCard, open_notebook: NotebookOpener
) -> None:
    sound_card.add_microphone("Desk")
    sound_card.add_microphone("Headset")
    notebook = start_call(open_notebook, sound_card)
    sound_card.unplug("Desk")
    sound_card.speak(SENTENCE.path, "Headset")
    wait_for_turns(notebook, 1)
    (utterance,) = utterances(notebook)
    assert lost_share(match_channel(SENTENCE.pcm_of(0), utterance), utterance, 16_000) < RECOGNISABLE
    assert notebook.kernel.eval("[call.isStarted, call.isMicStarted, call.error]") == [True, True, None]


def test_a_call_goes_on_with_another_microphone_when_the_one_that_was_chosen_is_unplugged(
    sound_card: SoundCard, open_notebook: NotebookOpener
) -> None:
    sound_card.add_microphone("Desk")
    sound_card.add_microphone("Headset")
    notebook = start_call(open_notebook, sound_card, cells=["await call.mute()\n" + CHANGE.format("Headset")])
    notebook.run_cell(2)
    sound_card.unplug("Headset")
    notebook.kernel.until("call.error is not None", timeout=15)
    assert notebook.kernel.eval("[call.error.code.value, 'Headset' in call.error.message]") == ["Mic", True]
    wait_for_words(notebook, "is used in its place", "error")
    assert notebook.kernel.eval("[call.isStarted, call.isMicStarted, call.isMuted]") == [True, True, True]
    assert "Headset" not in notebook.kernel.eval("[device.label for device in call.micDevices]")

    press(notebook, "mute")
    wait_for_state(notebook, isMuted=False, isListening=True)
    sound_card.speak(SENTENCE.path, "Desk")
    wait_for_turns(notebook, 1)
    (utterance,) = utterances(notebook)
    assert lost_share(match_channel(SENTENCE.pcm_of(0), utterance), utterance, 16_000) < RECOGNISABLE

    sound_card.add_microphone("Headset")  # what is plugged in is listed, and can be chosen in the panel
    notebook.kernel.until("'Headset' in [device.label for device in call.micDevices]", timeout=15)
    press(notebook, "devices")
    notebook.cell(1).get_by_test_id("microphone-device").select_option(label="Headset")
    notebook.until("() => window.__tracks.at(-1).label === 'Headset' && window.__tracks.at(-1).readyState === 'live'")
    assert sum(track.ready_state == "live" for track in notebook.tracks()) == 1


def level_dbfs(samples: Signal) -> float:
    """Return the level of samples whose full scale is 1."""
    return float(10 * np.log10(np.mean(np.square(samples))))


def assert_answered_without_interruption(notebook: Notebook) -> None:
    """Check that the user spoke once, and that all of the long answer was heard."""
    frames = notebook.kernel.eval("frames")
    assert [frame for frame in frames if isinstance(frame, str)] == ["StartSpeaking", "StopSpeaking"]
    assert notebook.kernel.eval("[turn.interrupted for turn in call.turns]") == [False]
    (playback,) = notebook.taps()
    answer = np.concatenate([TWO_SENTENCES.pcm_of(0), TWO_SENTENCES.pcm_of(1)] * 2)
    assert lost_share(answer, playback.samples, 16_000) == 0
