"""Pipecat bots for calls of this package, and of Micdrop: a serializer for Pipecat's WebSocket transports.

The client detects speech, and says when a turn is over; the bot follows: StartSpeaking and StopSpeaking become what
Pipecat's own voice activity detection would have said. docs/agents.md has a whole bot.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np

try:
    import pipecat  # noqa: F401 - what is missing is said once, with the remedy
except ImportError as error:
    raise ImportError("Pipecat is not installed: pip install 'micdrop-widget[pipecat]'") from error

from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    ClientConnectedFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    TranscriptionFrame,
    TTSTextFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.base_transport import BaseTransport
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from micdrop_widget import protocol as wire
from micdrop_widget.audio import SAMPLE_RATE, Resampler, pcm_from_bytes, pcm_to_bytes

__all__ = ["MicdropMessages", "MicdropSerializer", "micdrop_turns"]

_STOP_SECS = 0.2
"""Silence behind the last sound, as Pipecat's figures for the latency of speech recognition assume it; the client waits
at least so long."""

_INPUT_QUEUE_S = 0.01
"""How long the end of a turn waits for its audio: Pipecat's transports queue audio, which all else overtakes."""


def micdrop_turns() -> UserTurnStrategies:
    """Return Pipecat's strategies for turns that begin and end where the client says so.

    An interruption is broadcast when StartSpeaking arrives; a turn ends with StopSpeaking and its transcript, without
    a wait of Pipecat's own.
    """
    return UserTurnStrategies(
        start=[VADUserTurnStartStrategy()], stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)]
    )


class MicdropSerializer(FrameSerializer):  # type: ignore[misc]  # Pipecat is not installed where types are checked
    """Micdrop's wire, as a serializer of Pipecat's WebSocket transports.

    From the client: StartSpeaking and StopSpeaking become the frames of a voice activity detection; audio between them
    `InputAudioRawFrame`s at 16 kHz; `Mute` an `InterruptionFrame`; and params, the JSON object that comes first, an
    `InputTransportMessageFrame` with the message `{"params": {…}}`, which the pipeline sees.

    To the client: audio of any rate as int16 at 16 kHz, mono; an `EndFrame` as `EndCall`; and messages of the transport
    (`OutputTransportMessageFrame`, or urgent) that are a frame of the protocol, or a command as text, such as
    `"SkipAnswer"`. All else stays in Pipecat.

    Let the pipeline give 16 kHz (`PipelineParams(audio_out_sample_rate=16_000)`): of another rate the last few
    milliseconds of an answer stay in the filter that resamples it.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of Pipecat's FrameSerializer
        super().__init__(**options)
        self._is_open = False
        """Whether an utterance is open."""
        self._resampler: tuple[int, Resampler] | None = None
        """Of the audio to the client, with the rate that it comes in; None while no answer is under way."""

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Return what a frame of the client means to a pipeline; None when it is to be ignored."""
        if isinstance(data, str) and data.lstrip().startswith("{"):
            return _params(data)
        match wire.parse_client_frame(data):
            case wire.StartSpeaking():
                self._is_open = True
                return VADUserStartedSpeakingFrame()
            case wire.StopSpeaking() if self._is_open:
                self._is_open = False
                await asyncio.sleep(_INPUT_QUEUE_S)
                return VADUserStoppedSpeakingFrame(stop_secs=_STOP_SECS)
            case wire.MuteCommand():
                self._is_open = False
                return InterruptionFrame()
            case wire.Audio(pcm_bytes) if self._is_open:
                return InputAudioRawFrame(
                    audio=pcm_bytes[: len(pcm_bytes) & ~1], sample_rate=SAMPLE_RATE, num_channels=1
                )
            case _:
                return None

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """Return what a frame of a pipeline is on Micdrop's wire; None when it is not sent."""
        match frame:
            case OutputAudioRawFrame():
                return self._audio(frame)
            case OutputTransportMessageFrame() | OutputTransportMessageUrgentFrame():
                return _message(frame.message)
            case InterruptionFrame():
                self._resampler = None  # what comes next begins another answer
                return None
            case EndFrame():
                return wire.encode_server_frame(wire.EndCall())
            case _:
                return None

    def _audio(self, frame: OutputAudioRawFrame) -> bytes | None:
        samples = pcm_from_bytes(frame.audio[: len(frame.audio) & ~1])
        if frame.num_channels > 1:
            samples = samples.reshape(-1, frame.num_channels).mean(axis=1).astype(np.int16)
        if frame.sample_rate != SAMPLE_RATE:
            if self._resampler is None or self._resampler[0] != frame.sample_rate:
                self._resampler = frame.sample_rate, Resampler(frame.sample_rate)
            samples = self._resampler[1].push(samples)
        return pcm_to_bytes(samples) or None


def _params(text: str) -> InputTransportMessageFrame | None:
    try:
        params = json.loads(text)
    except ValueError:
        return None
    return InputTransportMessageFrame(message={"params": params})


def _message(message: object) -> str | bytes | None:
    """Return a message of the transport as it travels, if it is one of the protocol."""
    if isinstance(message, str | wire.ServerFrame):
        return message if isinstance(message, str) else wire.encode_server_frame(message)
    return None


class MicdropMessages(BaseObserver):  # type: ignore[misc]  # as above
    """Sends a client what is said as messages: what the bot understood, and what it says. An observer of the pipeline.

    A client that connects gets `SkipAnswer`: the bot is ready; a greeting may follow. Each transcript is a `Message` of
    the user, each answer one of the assistant, with what was said of it until it was interrupted. A turn in which
    nothing was understood is ended with `SkipAnswer`, so that the client listens again.

    Parameters
    ----------
    transport
        The WebSocket transport whose serializer is a `MicdropSerializer`.
    """

    def __init__(self, transport: BaseTransport, **options: Any) -> None:  # noqa: ANN401 - those of Pipecat's observer
        super().__init__(observe_every_push=False, **options)
        self._transport = transport
        self._understood = False
        """Whether a transcript came since the last turn was over."""
        self._said: list[str] = []
        """The words of the answer so far."""

    async def on_push_frame(self, data: FramePushed) -> None:
        """Send what a frame of the pipeline means to the client."""
        match data.frame:
            case ClientConnectedFrame():
                self._understood, self._said = False, []
                await self._send(wire.SkipAnswer())
            case TranscriptionFrame(text=text) if text.strip():
                self._understood = True
                await self._send(wire.Message(wire.TextMessage("user", text.strip())))
            case UserStoppedSpeakingFrame() if data.direction is FrameDirection.DOWNSTREAM:  # it is sent both ways
                if not self._understood:
                    await self._send(wire.SkipAnswer())
                self._understood = False
            case TTSTextFrame(text=text):
                self._said.append(text.strip())
            case BotStoppedSpeakingFrame() | InterruptionFrame() if self._said:
                said, self._said = " ".join(self._said), []
                await self._send(wire.Message(wire.TextMessage("assistant", said)))

    async def _send(self, frame: wire.ServerFrame) -> None:
        await self._transport.output().send_message(OutputTransportMessageUrgentFrame(message=frame))
