"""What the machine knows about a call (`Call`), and the public state derived from it (`MicdropState`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import ClassVar, TypeAlias

from micdrop_widget.audio import Pcm
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError
from micdrop_widget.protocol import ConversationItem, MuteCommand, StartSpeaking, StopSpeaking
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.state.notices import NOTICES, Notice, NoticeCode

__all__ = ["Call", "Command", "Device", "MicPhase", "MicdropState", "Phase", "Settings", "snapshot"]

Command: TypeAlias = StartSpeaking | StopSpeaking | MuteCommand
"""A command of the client."""


class Phase(Enum):
    """Where a call stands."""

    IDLE = "idle"
    """No call. The microphone may be open already (microphone first)."""
    OPENING = "opening"
    """The call waits for the microphone, the permission prompt included."""
    CONNECTING = "connecting"
    """The socket is being opened."""
    GREETING = "greeting"
    """The params are sent; nothing else is sent until the server's first frame."""
    LIVE = "live"
    """The call is ready."""
    RETRYING = "retrying"
    """The connection was lost; the wait before the next attempt runs."""
    ENDING = "ending"
    """The microphone is released; what the assistant still says is played to the end."""


class MicPhase(Enum):
    """Where the microphone stands."""

    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that the machine needs; none of them is secret."""

    has_url: bool = False
    has_params: bool = False
    disable_interruption: bool = False
    reconnect: Reconnect = field(default_factory=Reconnect)
    detects_turns: bool = False
    turn_max_wait_ms: float = 4000


@dataclass(frozen=True, slots=True)
class Call:
    """The facts of a call. None follows from the others; the public state is derived from them."""

    settings: Settings = field(default_factory=Settings)
    phase: Phase = Phase.IDLE
    was_ready: bool = False
    """The call has been ready once: a lost connection is tried again."""
    rejoined: bool = False
    """The connection came back, and the server has sent nothing since."""
    connection: int = 0
    """Number of the current socket; reports of earlier ones are ignored."""
    attempt: int = 0
    """Attempts since the connection was lost."""

    mic: MicPhase = MicPhase.CLOSED
    mic_request: int = 0
    """Number of the current request for the microphone; answers to earlier ones are ignored."""
    echo_cancellation: bool = True
    mic_device_id: str | None = None
    chosen_mic_id: str | None = None
    """The microphone that the user chose by its id; None leaves the choice to the browser."""
    mic_unplugged_error: MicdropError | None = None
    """Why the last microphone ended, while its replacement is being opened; reported when that has opened or failed."""
    mic_silent: bool = False
    """The microphone gives nothing but exact zeros."""
    mic_replaced_ms: float = -math.inf
    """When a microphone last replaced one that was unplugged."""
    speaker_device_id: str | None = None
    mic_devices: tuple[Device, ...] = ()
    speaker_devices: tuple[Device, ...] = ()

    muted: bool = False
    paused: bool = False
    user_speaking: bool = False
    """The user speaks: confirmed speech that has not ended."""
    endpointing: bool = False
    """The utterance is open and the user is silent: the turn detector decides, or more speech is awaited."""
    question: int = 0
    """Number of the latest question to the turn detector; answers to earlier ones are ignored."""
    processing: bool = False
    goodbye_due: bool = False
    """The server sent EndCall, and no audio since: its last answer is awaited."""

    epoch: int = 0
    """Number of the current playback; each flush and each answer begins a new one."""
    playback_samples: int = 0
    """Samples of this epoch given to the loudspeaker."""
    heard_samples: int = 0
    """Samples of this epoch that have left the loudspeaker."""
    playback_deadline_ms: float = 0
    """When the loudspeaker should have reported progress; meaningful while it has samples that were not heard."""
    playback_reported_ms: float = 0
    """When it last reported progress, or was given its first samples since."""
    assistant_speaking: bool = False
    """The assistant is being heard."""
    echo_tail: bool = False
    """The last 300 ms after the assistant was heard, with interruption disabled."""
    odd_byte: bytes = b""
    """Half a sample; its other half is the first byte of the next audio frame."""
    answer_begins: bool = False
    """StopSpeaking was sent: the next audio that is played begins an answer, on a whole sample."""
    answer_written: bool = False
    """The whole text of the answer that is awaited has arrived."""
    unanswered: NoticeCode | None = None
    """What was missing of the last answer when it was given up; None once the server or the user goes on."""
    speaker_silent: bool = False
    """The loudspeaker did not report progress in time, and has not since."""
    drop_answer_until_ms: float = 0
    """Audio and text that arrive before this time belong to an answer that was cancelled."""
    round_trips_ms: tuple[float, ...] = ()
    """The latest round trips on this connection, oldest first."""

    outbox: tuple[Command | Pcm, ...] = field(default=(), compare=False)
    """Commands and audio from before the server was ready, in order, bounded; sent when it is."""

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
        """An utterance is open: the user speaks, or is silent within the turn."""
        return self.user_speaking or self.endpointing

    @property
    def unheard_samples(self) -> int:
        """Samples that the loudspeaker was given and has not reported as heard."""
        return self.playback_samples - self.heard_samples

    @property
    def round_trip_ms(self) -> float:
        """The shortest of the latest round trips: a single slow one was a stall, and says nothing of the line."""
        return min(self.round_trips_ms, default=0.0)

    @property
    def interruption_disabled(self) -> bool:
        """Interruption is disabled by option, or because echo cancellation is off."""
        return self.settings.disable_interruption or not self.echo_cancellation

    @property
    def ignores_microphone(self) -> bool:
        """The call does not listen to the microphone: muted, paused, or for another reason."""
        echoing = self.interruption_disabled and (self.assistant_speaking or self.echo_tail)
        return self.muted or self.paused or echoing or self.reconnecting or self.phase is Phase.ENDING

    @property
    def listens(self) -> bool:
        """The call uses the microphone: captured samples reach the voice activity detection."""
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
    """The user muted the microphone."""
    isPaused: bool = False
    """The user paused the call."""
    isListening: bool = False
    """The microphone is started, and it is the user's turn."""
    isProcessing: bool = False
    """The call waits for the answer."""
    isUserSpeaking: bool = False
    """From confirmed speech until its end."""
    isAssistantSpeaking: bool = False
    """Assistant audio is being heard."""
    isMicStarted: bool = False
    """The microphone is open."""
    isMicMuted: bool = False
    """The call does not listen to the microphone, for any reason."""
    isInterruptionDisabled: bool = False
    """The call does not listen while the assistant speaks: by option, or because echo is not cancelled."""
    micDeviceId: str | None = None
    speakerDeviceId: str | None = None
    micDevices: tuple[Device, ...] = ()
    speakerDevices: tuple[Device, ...] = ()
    conversation: tuple[ConversationItem, ...] = ()
    """What was said. Survives the end of the call; emptied by the next start."""
    partialAssistantMessage: str = ""
    """The text of the answer so far; empty when there is none."""
    error: MicdropError | None = None
    """The last failure. Cleared by start, start_mic and a successful connection."""
    notices: tuple[Notice, ...] = ()
    """What is not as it should be though the call goes on; each is gone when it is over."""

    FIELDS: ClassVar[tuple[str, ...]] = ()
    """The names of all fields, in order."""


MicdropState.FIELDS = tuple(field.name for field in fields(MicdropState))


def snapshot(call: Call) -> MicdropState:
    """Return the public state of a call."""
    mic_started = call.mic is MicPhase.OPEN
    busy = call.paused or call.processing or call.ignores_microphone or call.user_speaking or call.assistant_speaking
    return MicdropState(
        isStarting=not call.was_ready and call.phase in (Phase.OPENING, Phase.CONNECTING, Phase.GREETING),
        isStarted=call.was_ready and call.in_call,
        isReconnecting=call.reconnecting,
        isMuted=call.muted,
        isPaused=call.paused,
        isListening=mic_started and not busy,
        isProcessing=call.processing,
        isUserSpeaking=call.user_speaking,
        isAssistantSpeaking=call.assistant_speaking,
        isMicStarted=mic_started,
        isMicMuted=call.ignores_microphone,
        isInterruptionDisabled=call.interruption_disabled,
        micDeviceId=call.mic_device_id,
        speakerDeviceId=call.speaker_device_id,
        micDevices=call.mic_devices,
        speakerDevices=call.speaker_devices,
        conversation=call.conversation,
        partialAssistantMessage=call.partial_assistant_message,
        error=call.error,
        notices=_notices(call),
    )


def _notices(call: Call) -> tuple[Notice, ...]:
    codes = (
        NoticeCode.SilentMicrophone if call.mic_silent else None,
        call.unanswered,
        NoticeCode.SilentSpeaker if call.speaker_silent else None,
    )
    return tuple(NOTICES[code] for code in codes if code is not None)
