"""What a VAD reports: Micdrop's names for it, and a repr without samples."""

from __future__ import annotations

import numpy as np
import pytest

from micdrop_widget.speech import (
    SpeechCancelled,
    SpeechConfirmed,
    SpeechContinued,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    name_of,
)

PCM = np.zeros(512, np.int16)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (SpeechStarted(1), "StartSpeaking"),
        (SpeechConfirmed(2, 1, PCM), "ConfirmSpeaking"),
        (SpeechContinued(PCM), None),
        (SpeechCancelled(3), "CancelSpeaking"),
        (SpeechEnded(4), "StopSpeaking"),
    ],
)
def test_events_have_the_names_that_micdrop_gives_them(event: SpeechEvent, name: str | None) -> None:
    assert name_of(event) == name


def test_something_else_is_no_event() -> None:
    with pytest.raises(TypeError, match="unknown speech event 'speech'"):
        name_of("speech")  # type: ignore[arg-type]


def test_samples_are_counted_in_a_repr_and_never_printed() -> None:
    assert repr(SpeechConfirmed(2, 1, PCM)) == "SpeechConfirmed(position=2, start=1, 512 samples)"
    assert repr(SpeechContinued(PCM)) == "SpeechContinued(512 samples)"
