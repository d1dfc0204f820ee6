"""The base of every client: a call with its options and its commands, which reports to one listener."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from micdrop_widget.call.engine import Engine, settings_of
from micdrop_widget.call.events import CallListener
from micdrop_widget.call.levels import LevelMeter
from micdrop_widget.call.options import NO_OPTIONS, CallOptions
from micdrop_widget.call.sinks import AudioSink
from micdrop_widget.call.sources import AudioSource
from micdrop_widget.devices import Microphone
from micdrop_widget.errors import MicdropError, MicdropErrorCode, raise_fresh
from micdrop_widget.history.call_content import CallContent, FolderOption
from micdrop_widget.history.diagnosis import Diagnosis, LinkFacts, diagnose
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turns
from micdrop_widget.protocol import ConversationItem
from micdrop_widget.state import MicdropState, Phase, inputs
from micdrop_widget.state.snapshot import MicPhase
from micdrop_widget.vad import VAD, Status, build_vad

__all__ = ["CallCore"]


class CallCore:
    """One call after another. All methods belong to one event loop; the properties may be read from any thread.

    Parameters
    ----------
    options
        The options of the calls; those given to `start` override them.
    source, sink
        Microphone and loudspeaker.
    listener
        Gets events and log lines.
    describe_transport
        Returns how the call is carried, and how well, as JSON values.
    """

    def __init__(
        self,
        options: CallOptions,
        source: AudioSource,
        sink: AudioSink,
        listener: CallListener,
        *,
        describe_transport: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._engine = Engine(
            source, sink, options, build_vad(options.vad), listener, describe_transport=describe_transport
        )

    @property
    def state(self) -> MicdropState:
        """The state of the call, frozen."""
        return self._engine.state

    @property
    def phase(self) -> Phase:
        """Where the call stands in the call machine."""
        return self._engine.call.phase

    @property
    def turns(self) -> Turns:
        """One row per turn of the latest call."""
        return self._engine.timeline.turns

    @property
    def recording(self) -> Recording | None:
        """What the latest call sounded like; None before the first, or when it was not to be recorded."""
        return self._engine.recorder.recording

    def diagnose(self, link: LinkFacts | None = None) -> Diagnosis:
        """Follow the latest turn through the call, and say where it breaks; from any thread."""
        return diagnose(self._engine.facts(link))

    @property
    def events(self) -> EventLog:
        """What happened in the latest call, bounded."""
        return self._engine.events

    @property
    def conversation(self) -> tuple[ConversationItem, ...]:
        """What was said in the latest call, as the server settled it."""
        return self._engine.call.conversation

    @property
    def saved_to(self) -> Path | None:
        """The folder that the latest call is, or was, written to while it goes on; None without `save_to`."""
        return self._engine.keeper.folder

    def save(self, folder: FolderOption, *, turn_wavs: bool = False) -> Path:
        """Keep the latest call in a folder; from any thread. See `MicdropClient.save`."""
        engine = self._engine
        if not engine.keeper.has_begun:
            raise RuntimeError("save: there has been no call yet: start() one first")
        path = Path(folder).expanduser()
        if self.saved_to is not None and engine.call.in_call and path.resolve() == self.saved_to.resolve():
            raise ValueError(
                f"save: the call is being written to {str(path)!r} already, and complete when it has ended"
            )
        content = CallContent(engine.keeper.about(), self.turns, self.conversation, self.events, self.recording)
        return content.save(path, turn_wavs=turn_wavs)

    @property
    def microphone(self) -> Microphone | None:
        """The microphone that is open, with what was really applied to it; None while none is."""
        microphone = self._engine.microphone.microphone
        if microphone is None or microphone.is_silent == self._engine.call.mic_silent:
            return microphone
        return replace(microphone, is_silent=self._engine.call.mic_silent)

    @property
    def levels(self) -> LevelMeter:
        """How loud the call is now."""
        return self._engine.levels

    @property
    def options(self) -> CallOptions:
        """The options in use; their repr hides what may be secret."""
        return self._engine.options

    @property
    def detector(self) -> VAD:
        """The voice activity detection in use."""
        return self._engine.vad

    @property
    def speech_status(self) -> Status:
        """The status of the detection since its latest event."""
        return self._engine.hearing.status

    async def start(self, options: Mapping[str, Any] = NO_OPTIONS) -> None:
        """Begin the call, and return when it is ready; see `MicdropClient.start`."""
        self.merge(options)
        engine = self._engine
        if engine.call.phase in (Phase.IDLE, Phase.ENDING):
            self._begin()
        try:
            state = await engine.when(lambda: not engine.state.isStarting)
        except asyncio.CancelledError:
            engine.apply(inputs.Stop())
            raise
        if not state.isStarted:
            raise_fresh(state.error)

    async def stop(self, *, graceful: bool = False) -> None:
        """End the call, and return when microphone and socket are released."""
        engine = self._engine
        engine.apply(inputs.Stop(graceful))
        await engine.when(lambda: not engine.state.isStarted)
        await engine.released()

    async def start_mic(self, options: Mapping[str, Any] = NO_OPTIONS, *, device_id: str | None = None) -> None:
        """Open the microphone without a call."""
        self.merge(options)
        self.apply(inputs.StartMic(device_id))
        await self._microphone_open()

    async def move_mic(self) -> None:
        """Open the microphone on the page that owns it now. An open one is released first.

        Raises
        ------
        MicdropError
            With code `Mic`: it cannot be opened there. The call goes on without a microphone.
        """
        self.apply(inputs.MicrophoneMoved())
        await self._microphone_open()

    async def change_mic_device(self, device_id: str) -> None:
        """Use another microphone: now, or from the next time one is opened."""
        is_open = self._engine.call.mic is not MicPhase.CLOSED
        self.apply(inputs.ChangeMicDevice(device_id))
        if is_open:
            await self._microphone_open()

    def release_recording(self) -> None:
        """Hold the recording of the latest call weakly: it lives while somebody else has it; from any thread."""
        self._engine.recorder.release_recording()

    def apply(self, command: inputs.Input) -> None:
        """Apply an input that needs no waiting to the call machine: pause, mute, or what a page reports."""
        self._engine.apply(command)

    def merge(self, options: Mapping[str, Any]) -> None:
        """Override options of those in use.

        An open microphone is opened again when what detects or processes speech changes. Another turn detector, or
        another wait, is used at once: an open turn ends.

        Raises
        ------
        TypeError, ValueError
            One is unknown, or not what it should be; all stay as they were.
        DetectorInUseError
            Another call uses the turn detector; all stay as they were.
        """
        if not options:
            return
        engine = self._engine
        before, now = engine.options, engine.options.merged(options)
        if now.turn_detector is not before.turn_detector:
            engine.microphone.change_claim(before.turn_detector, now.turn_detector)
        engine.options = now
        if now.vad is not before.vad:
            engine.vad = build_vad(now.vad)
        if _turn_options(now) != _turn_options(before):
            engine.apply(inputs.TurnDetectionChanged(now.turn_detector is not None, now.turn_max_wait_ms))
        if _microphone_options(now) != _microphone_options(before):
            engine.apply(inputs.DetectionChanged())

    def _begin(self) -> None:
        engine = self._engine
        try:
            engine.begin_history()
        except OSError as error:
            engine.apply(inputs.StartFailed(_not_recorded(engine.options, error)))
        else:
            engine.apply(inputs.Start(settings_of(engine.options)))

    async def _microphone_open(self) -> None:
        engine = self._engine
        await engine.when(lambda: engine.call.mic is not MicPhase.OPENING)
        if engine.call.mic is MicPhase.CLOSED:
            raise_fresh(engine.state.error)


def _microphone_options(options: CallOptions) -> tuple[object, ...]:
    """Return the options that a microphone is opened with: an open one is opened again when they change."""
    return options.vad, options.echo_cancellation, options.noise_suppression, options.auto_gain_control


def _turn_options(options: CallOptions) -> tuple[object, ...]:
    return options.turn_detector, options.turn_max_wait_ms


def _not_recorded(options: CallOptions, error: OSError) -> MicdropError:
    why = os.strerror(error.errno or 0)
    if options.save_to is not None:
        return MicdropError(
            MicdropErrorCode.Unknown,
            f"The call cannot be kept in {str(options.save_to)!r} ({why}).",
            "Give save_to= a folder that you may write to, or None.",
        )
    return MicdropError(
        MicdropErrorCode.Unknown,
        f"The recording {str(options.record)!r} cannot be written ({why}).",
        "Give record= the path of a WAV file that you may write to, or True to keep the recording in memory.",
    )
