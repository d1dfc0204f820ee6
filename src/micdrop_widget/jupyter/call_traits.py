"""The traits of `MicdropWidget`: the state of the call, a trait per field, and what the panel needs beside it."""

from __future__ import annotations

import traitlets

from micdrop_widget.jupyter import traits
from micdrop_widget.state import MicdropState

__all__ = ["CallTraits"]


class CallTraits(traitlets.HasTraits):
    """The traits of a call, all read-only: the trait thread writes them, and measures the levels when they are read.

    Those without an underscore are the fields of `MicdropState`, which says what each means, and the two levels.
    """

    isStarting = traits.flag()
    isStarted = traits.flag()
    isReconnecting = traits.flag()
    isMuted = traits.flag()
    isPaused = traits.flag()
    isListening = traits.flag()
    isProcessing = traits.flag()
    isUserSpeaking = traits.flag()
    isAssistantSpeaking = traits.flag()
    isMicStarted = traits.flag()
    isMicMuted = traits.flag()
    isInterruptionDisabled = traits.flag()
    micDeviceId = traits.name()
    speakerDeviceId = traits.name()
    micDevices = traits.sequence()
    speakerDevices = traits.sequence()
    conversation = traits.sequence()
    partialAssistantMessage = traits.text()
    error = traits.error()
    notices = traits.sequence()
    state = traitlets.Instance(MicdropState, (), read_only=True)
    microphone_level_db = traits.LevelTrait(lambda call: call._call.core.levels.microphone_db)
    speaker_level_db = traits.LevelTrait(lambda call: call._call.core.levels.speaker_db)
    _owner = traits.name()
    _comm_id = traits.name()
    _plain_comm = traits.flag()
    _closed = traits.flag()
    _ended_by = traits.name()
