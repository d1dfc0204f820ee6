"""A Pipecat bot without a network: PocketSphinx, a mind of a few lines, and hibari, behind our serializer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime, timezone
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputTransportMessageFrame,
    InterruptionFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.workers.runner import WorkerRunner

from micdrop_widget.agents import HibariVoice
from micdrop_widget.agents.pipecat import MicdropMessages, MicdropSerializer, micdrop_turns
from micdrop_widget.audio import Pcm, pcm_from_bytes, pcm_to_bytes
from micdrop_widget.audio_input import as_pcm

__all__ = ["Bot", "running_bot"]

Mind = Callable[[str], str]
SpeechToText = Callable[[Pcm], str]


class Ears(SegmentedSTTService):  # type: ignore[misc]  # Pipecat has no types here
    """Speech to text, for whole segments."""

    def __init__(self, ears: SpeechToText) -> None:
        super().__init__(settings=STTSettings(model=None, language=None), ttfs_p99_latency=0.5)
        self._ears = ears
        self.segments: list[int] = []
        """Samples of each segment, without the silence that Pipecat puts behind it."""

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self.segments.append(len(audio) // 2 - 8000)
        text = await asyncio.to_thread(self._ears, pcm_from_bytes(audio))
        if text:
            yield TranscriptionFrame(text, "", datetime.now(timezone.utc).isoformat())


class Voice(TTSService):  # type: ignore[misc]
    """hibari, at its own rate."""

    def __init__(self, voice: HibariVoice) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self._voice = voice

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        rate, samples = await asyncio.to_thread(self._voice, text)
        pcm = as_pcm(samples, rate)
        yield TTSAudioRawFrame(pcm_to_bytes(pcm), 16_000, 1, context_id=context_id)


class Brain(FrameProcessor):  # type: ignore[misc]
    """Answers a turn when it is over."""

    def __init__(self, mind: Mind) -> None:
        super().__init__()
        self._mind = mind
        self._text = ""
        self.params: list[Any] = []
        self.interruptions = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case TranscriptionFrame(text=text):
                self._text = text
            case InputTransportMessageFrame(message=message):
                self.params.append(message)
            case InterruptionFrame():
                self.interruptions += 1
        await self.push_frame(frame, direction)
        if isinstance(frame, UserStoppedSpeakingFrame) and self._text:
            text, self._text = self._text, ""
            await self.push_frame(TTSSpeakFrame(self._mind(text)))
            if "goodbye" in text:
                await self.push_frame(EndFrame())


class Bot:
    """A bot that runs, and what it noted."""

    def __init__(self, mind: Mind, ears: SpeechToText, voice: HibariVoice) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"
        self.ears = Ears(ears)
        self.brain = Brain(mind)
        self.transport = SingleClientWebsocketServerTransport(
            SingleClientWebsocketServerParams(
                audio_in_enabled=True,
                audio_out_enabled=True,
                audio_out_end_silence_secs=0,
                serializer=MicdropSerializer(),
            ),
            host="127.0.0.1",
            port=port,
        )
        turns = UserTurnProcessor(user_turn_strategies=micdrop_turns(), user_turn_stop_timeout=4.0)
        pipeline = Pipeline(
            [self.transport.input(), self.ears, turns, self.brain, Voice(voice), self.transport.output()]
        )
        self.worker = PipelineWorker(
            pipeline,
            params=PipelineParams(audio_out_sample_rate=16_000),
            observers=[MicdropMessages(self.transport)],
            idle_timeout_secs=None,
        )
        self.is_ready = asyncio.Event()
        self.transport.event_handler("on_websocket_ready")(self._note_ready)

    async def _note_ready(self, _: object) -> None:
        self.is_ready.set()


@contextlib.asynccontextmanager
async def running_bot(mind: Mind, ears: SpeechToText, voice: HibariVoice) -> AsyncIterator[Bot]:
    """Run a bot on loopback until the end of the block."""
    bot = Bot(mind, ears, voice)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(bot.worker)
    running = asyncio.ensure_future(runner.run())
    try:
        await asyncio.wait_for(bot.is_ready.wait(), 30)
        yield bot
    finally:
        await bot.worker.cancel()
        await asyncio.wait_for(running, 20)
