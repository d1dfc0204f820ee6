"""Effects as they stand in a log, and what the machine does with what it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.state import Settings, effects, inputs
from tests.state.spoken import confirmed, continued, listening
from tests.state.world import World

PCM = np.zeros(512, np.int16)


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (effects.SendAudio(PCM), "SendAudio(512 samples)"),
        (effects.AddTurnAudio(PCM), "AddTurnAudio(512 samples)"),
        (effects.Play(3, PCM), "Play(epoch=3, 512 samples)"),
    ],
)
def test_samples_are_counted_in_a_repr_and_never_printed(effect: effects.Effect, text: str) -> None:
    assert repr(effect) == text


def test_a_frame_that_the_protocol_does_not_have_is_an_error_of_ours() -> None:
    with pytest.raises(TypeError, match="unknown server frame 'frame'"):
        listening().receive("frame")  # type: ignore[arg-type]


def test_speech_kept_for_the_server_is_bounded_and_commands_are_not_dropped() -> None:
    world = World().apply(inputs.Start(Settings(has_url=True))).apply(inputs.MicrophoneOpened(1)).apply(confirmed(1000))
    for _ in range(31):
        world.apply(continued(0, SAMPLE_RATE))
    command, *kept = world.call.outbox
    assert not isinstance(command, np.ndarray)
    assert [len(pcm) for pcm in kept if isinstance(pcm, np.ndarray)] == [SAMPLE_RATE] * 30
