"""What is known about a call (`Call`), and what is told about it (`MicdropState`, derived and never set)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from micdrop_widget.audio import Pcm
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError
from micdrop_widget.protocol import ConversationItem, MuteCommand, StartSpeaking, StopSpeaking
from micdrop_widget.reconnect import Reconnect

__all__ = ["Call", "Command", "Device", "MicPhase", "MicdropState", "Phase", "Settings", "snapshot"]

Command: TypeAlias = StartSpeaking | StopSpeaking | MuteCommand
"""A command of the client."""


class Phase(Enum):
    """Where a call stands."""

    IDLE = "idle"
    """No call. The microphone may be open already (microphone first)."""
    OPENING = "opening"
    """Waiting for the microphone, the permission prompt included."""
    CONNECTING = "connecting"
    """The socket opens."""
    GREETING = "greeting"
    """The params are out; nothing else is sent until the server's first frame."""
    LIVE = "live"
    """The call is ready."""
    RETRYING = "retrying"
    """The connection was lost; the wait before the next attempt runs."""
    ENDING = "ending"
    """No microphone any more; the assistant is heard to the end."""


class MicPhase(Enum):
    """Where the microphone stands."""

    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the machine has to know of the options. It holds no secret."""

    has_url: bool = False
    has_params: bool = False
    disable_interruption: bool = False
    reconnect: Reconnect = field(default_factory=Reconnect)
    detects_turns: bool = False
    turn_max_wait_ms: float = 4000


@dataclass(frozen=True, slots=True)
class Call:
    """The facts of a call that do not follow from each other. Everything shown is derived from them."""

    settings: Settings = field(default_factory=Settings)
    phase: Phase = Phase.IDLE
    was_ready: bool = False
    """The call has been ready once: a lost connection is worth a retry."""
    rejoined: bool = False
    """The connection came back, and the server has said nothing since."""
    connection: int = 0
    """Number of the current socket: what an earlier one still reports is late and ignored."""
    attempt: int = 0
    """Attempts since the connection was lost."""

    mic: MicPhase = MicPhase.CLOSED
    mic_request: int = 0
    """Number of the current request for the microphone; answers to earlier ones are ignored."""
    echo_cancellation: bool = True
    mic_device_id: str | None = None
    chosen_mic_id: str | None = None
    """The microphone that was chosen by its id, and is there; None leaves it to the browser."""
    mic_lost: MicdropError | None = None
    """The microphone was unplugged, and another has been asked for in its place: told when that is there, or is not."""
    replaced_ms: float = -math.inf
    """When a microphone last took the place of one that was unplugged."""
    speaker_device_id: str | None = None
    mic_devices: tuple[Device, ...] = ()
    speaker_devices: tuple[Device, ...] = ()

    muted: bool = False
    paused: bool = False
    speaking: bool = False
    """An utterance is open: confirmed speech that has not ended."""
    pausing: bool = False
    """An utterance is open, but the user is silent: the turn detector is asked, or more speech is waited for."""
    question: int = 0
    """Number of the latest question to the turn detector; answers to earlier ones are late and ignored."""
    processing: bool = False
    goodbye_due: bool = False
    """EndCall came, and no audio since."""

    epoch: int = 0
    """Number of the current playback; a flush begins a new one."""
    sent_samples: int = 0
    """Samples of this epoch handed to the player."""
    answering: bool = False
    """The assistant is being heard."""
    echo_tail: bool = False
    """The last 300 ms after the assistant was heard, with interruption disabled."""
    odd_byte: bytes = b""
    """Half a sample, whose other half begins the next audio frame."""
    drop_answer_until_ms: float = 0
    """Audio and text of an answer before this time belong to one that was cancelled."""
    round_trip_ms: float = 0

    outbox: tuple[Command | Pcm, ...] = field(default=(), compare=False)
    """What the user said while the server was not ready: commands and audio, in order, bounded."""

    conversation: tuple[ConversationItem, ...] = ()
    partial_assistant_message: str = ""
    error: MicdropError | None = None

    @property
    def in_call(self) -> bool:
        """A call is being made, or is up."""
        return self.phase is not Phase.IDLE

    @property
    def reconnecting(self) -> bool:
        """The connection was lost and a retry is pending or under way."""
        return self.was_ready and self.phase in (Phase.RETRYING, Phase.CONNECTING, Phase.GREETING)

    @property
    def utterance_open(self) -> bool:
        """What the microphone captures belongs to an utterance: the user speaks, or pauses within the turn."""
        return self.speaking or self.pausing

    @property
    def interruption_disabled(self) -> bool:
        """Interruption is disabled by option, or because echo cancellation is off."""
        return self.settings.disable_interruption or not self.echo_cancellation

    @property
    def ignores_microphone(self) -> bool:
        """The microphone is not listened to, for whatever reason."""
        echoing = self.interruption_disabled and (self.answering or self.echo_tail)
        return self.muted or self.paused or echoing or self.reconnecting or self.phase is Phase.ENDING

    @property
    def listens(self) -> bool:
        """What the microphone captures reaches the voice activity detection."""
        return self.mic is MicPhase.OPEN and not self.ignores_microphone


@dataclass(frozen=True, slots=True)
class MicdropState:
    """The state of a call at one moment, with Micdrop's own field names."""

    isStarting: bool = False
    """From `start()` until the call is ready or has failed, the permission prompt included."""
    isStarted: bool = False
    """Ready, until the call ends; stays true while reconnecting and while paused."""
    isReconnecting: bool = False
    """The connection was lost and a retry is pending or under way."""
    isMuted: bool = False
    """The user asked for it."""
    isPaused: bool = False
    """The user asked for it."""
    isListening: bool = False
    """The microphone is started, and it is the user's turn."""
    isProcessing: bool = False
    """Waiting for the answer."""
    isUserSpeaking: bool = False
    """From confirmed speech until its end."""
    isAssistantSpeaking: bool = False
    """Assistant audio is being heard."""
    isMicStarted: bool = False
    """The microphone is capturing."""
    isMicMuted: bool = False
    """The microphone is not listened to, for any reason."""
    micDeviceId: str | None = None
    speakerDeviceId: str | None = None
    micDevices: tuple[Device, ...] = ()
    speakerDevices: tuple[Device, ...] = ()
    conversation: tuple[ConversationItem, ...] = ()
    """What was said. Survives the end of the call; emptied by the next start."""
    partialAssistantMessage: str = ""
    """The answer as far as it is written; empty when there is none."""
    error: MicdropError | None = None
    """The last failure. Cleared by start, start_mic and a successful connection."""


def snapshot(call: Call) -> MicdropState:
    """Return what is told about a call."""
    mic_started = call.mic is MicPhase.OPEN
    busy = call.paused or call.processing or call.ignores_microphone or call.speaking or call.answering
    return MicdropState(
        isStarting=not call.was_ready and call.phase in (Phase.OPENING, Phase.CONNECTING, Phase.GREETING),
        isStarted=call.was_ready and call.in_call,
        isReconnecting=call.reconnecting,
        isMuted=call.muted,
        isPaused=call.paused,
        isListening=mic_started and not busy,
        isProcessing=call.processing,
        isUserSpeaking=call.speaking,
        isAssistantSpeaking=call.answering,
        isMicStarted=mic_started,
        isMicMuted=call.ignores_microphone,
        micDeviceId=call.mic_device_id,
        speakerDeviceId=call.speaker_device_id,
        micDevices=call.mic_devices,
        speakerDevices=call.speaker_devices,
        conversation=call.conversation,
        partialAssistantMessage=call.partial_assistant_message,
        error=call.error,
    )
