"""A Pipecat bot without a network: PocketSphinx, a mind of a few lines, and hibari, behind our serializer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime, timezone
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
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
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
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
from tests.harness.leaks import until

__all__ = ["Bot", "running_bot", "serving_bots"]

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
    """A bot behind a transport, and what it noted."""

    def __init__(self, transport: BaseTransport, mind: Mind, ears: SpeechToText, voice: HibariVoice) -> None:
        self.ears = Ears(ears)
        self.brain = Brain(mind)
        turns = UserTurnProcessor(user_turn_strategies=micdrop_turns(), user_turn_stop_timeout=4.0)
        pipeline = Pipeline([transport.input(), self.ears, turns, self.brain, Voice(voice), transport.output()])
        self.worker = PipelineWorker(
            pipeline,
            params=PipelineParams(audio_out_sample_rate=16_000),
            observers=[MicdropMessages(transport)],
            idle_timeout_secs=None,
        )

    async def run(self) -> None:
        """Run until the pipeline ends."""
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        await runner.run()


def _options() -> dict[str, Any]:
    return {
        "audio_in_enabled": True,
        "audio_out_enabled": True,
        "audio_out_end_silence_secs": 0,
        "serializer": MicdropSerializer(),
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.asynccontextmanager
async def running_bot(mind: Mind, ears: SpeechToText, voice: HibariVoice) -> AsyncIterator[tuple[str, Bot]]:
    """Run a bot for one client at a time on loopback until the end of the block; give its url with it."""
    port, is_ready = _free_port(), asyncio.Event()
    params = SingleClientWebsocketServerParams(**_options())
    transport = SingleClientWebsocketServerTransport(params, host="127.0.0.1", port=port)

    async def note_ready(_: object) -> None:
        is_ready.set()

    transport.event_handler("on_websocket_ready")(note_ready)
    bot = Bot(transport, mind, ears, voice)
    running = asyncio.ensure_future(bot.run())
    try:
        await asyncio.wait_for(is_ready.wait(), 30)
        yield f"ws://127.0.0.1:{port}", bot
    finally:
        await bot.worker.cancel()
        await asyncio.wait_for(running, 20)


@contextlib.asynccontextmanager
async def serving_bots(mind: Mind, ears: SpeechToText, voice: HibariVoice) -> AsyncIterator[str]:
    """Serve a bot of its own to each client, by FastAPI on loopback, until the end of the block; give the url."""
    port, app = _free_port(), FastAPI()

    async def call(websocket: WebSocket) -> None:
        await websocket.accept()
        transport = FastAPIWebsocketTransport(websocket, FastAPIWebsocketParams(**_options()))
        bot = Bot(transport, mind, ears, voice)

        async def leave(*_: object) -> None:
            await bot.worker.cancel()

        transport.event_handler("on_client_disconnected")(leave)
        await bot.run()

    app.add_api_websocket_route("/call", call)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    serving = asyncio.ensure_future(server.serve())
    try:
        await until(lambda: server.started)
        yield f"ws://127.0.0.1:{port}/call"
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 20)
