"""Describes the latest call as a whole, and has it written to a folder while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from micdrop_widget.call.about import describe_call
from micdrop_widget.call.options import CallOptions
from micdrop_widget.devices import Microphone
from micdrop_widget.errors import MicdropError
from micdrop_widget.history.disk_thread import ClosingThreads
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.folder_writer import FolderWriter
from micdrop_widget.history.turns import Turns
from micdrop_widget.protocol import ConversationItem
from micdrop_widget.vad import VAD

__all__ = ["CallKeeper"]

_MAX_CALLS_A_SECOND = 100
"""How many calls may begin in one folder within one second, by whose time they are named."""


class CallKeeper:
    """Knows the latest call as a whole: its options, microphone and folder. All methods belong to the call's loop.

    Parameters
    ----------
    detector
        Returns the voice activity detection in use.
    transport
        Returns how the call is carried, and how well, beyond what the events say.
    report
        Called with the error when the folder of a call ends before the call does.
    """

    def __init__(
        self,
        detector: Callable[[], VAD],
        transport: Callable[[], Mapping[str, Any]],
        report: Callable[[MicdropError], object],
    ) -> None:
        self._detector = detector
        self._transport = transport
        self._report = report
        self._options = CallOptions()
        self._events = EventLog()
        self._started: datetime | None = None
        self._microphone: Microphone | None = None
        self._writer: FolderWriter | None = None
        self._closing = ClosingThreads()

    @property
    def has_begun(self) -> bool:
        """Whether there has been a call."""
        return self._started is not None

    @property
    def folder(self) -> Path | None:
        """The folder of the latest call; None when it was not to be kept in one."""
        return None if self._writer is None else self._writer.folder

    def begin(
        self,
        options: CallOptions,
        turns: Callable[[], Turns],
        conversation: Callable[[], tuple[ConversationItem, ...]],
        events: EventLog,
    ) -> Path | None:
        """Begin with a call, and return the folder that was made for it; None without the option `save_to`.

        Raises
        ------
        OSError
            The folder cannot be made.
        """
        self.end()
        self._options, self._events, self._microphone, self._writer = options, events, None, None
        self._started = datetime.now(timezone.utc)
        if options.save_to is not None:
            self._writer = self._open(Path(options.save_to).expanduser(), turns, conversation)
        return self.folder

    def note_step(self, microphone: Microphone | None) -> None:
        """Note that the call has taken a step, with the microphone that is open."""
        if microphone is not None:
            self._microphone = microphone
        if self._writer is not None:
            self._writer.note_change()

    def end(self) -> None:
        """End with the call, which is over; may be called again."""
        if self._writer is not None and not self._writer.has_ended:
            self._writer.end(self.about())

    async def closed(self) -> None:
        """Wait until the folders of the calls that have ended are complete, or given up: 2 s at most."""
        await self._closing.closed()

    def about(self, *, is_complete: bool = True) -> dict[str, Any]:
        """Return the description of the latest call, as JSON values; from any thread."""
        transport = {
            "connections": len(self._events.of("ConnectionOpened")),
            "close_codes": [closed.payload["close_code"] for closed in self._events.of("ConnectionClosed")],
            **self._transport(),
        }
        return {
            "started": None if self._started is None else self._started.isoformat(timespec="milliseconds"),
            "duration_ms": self._events[-1].time_ms if self._events else 0.0,
            "is_complete": is_complete,
            **describe_call(self._options, self._detector(), self._microphone, transport),
        }

    def _open(
        self,
        parent: Path,
        turns: Callable[[], Turns],
        conversation: Callable[[], tuple[ConversationItem, ...]],
    ) -> FolderWriter:
        assert self._started is not None
        name = self._started.strftime("%Y-%m-%dT%H%M%SZ")
        about = self.about(is_complete=False)
        for number in range(1, _MAX_CALLS_A_SECOND + 1):
            folder = parent / (name if number == 1 else f"{name}-{number}")
            try:
                return FolderWriter(
                    folder,
                    about,
                    turns=turns,
                    conversation=conversation,
                    events=self._events,
                    report=self._report,
                    closing=self._closing,
                )
            except FileExistsError:
                if number == _MAX_CALLS_A_SECOND:
                    raise
        raise AssertionError("unreachable")
