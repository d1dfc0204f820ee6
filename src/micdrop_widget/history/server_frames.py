"""What the server says, noted in the turns that it belongs to: texts, tools, and that there is no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from micdrop_widget import protocol as wire
from micdrop_widget.history.turn_rows import Row, Rows
from micdrop_widget.history.turns import ToolUse

__all__ = ["ServerFrames"]


class ServerFrames:
    """Notes the frames of the server; its audio is noted when it is played."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._early_text: tuple[str, float] | None = None
        """A text of the assistant whose audio has not come: it may be that of a greeting."""

    def record(self, frame: wire.ServerFrame, now: float) -> None:
        """Note a frame of the server in the turn that it belongs to."""
        match frame:
            case wire.Message(item):
                self._record_item(item, now)
            case wire.SkipAnswer():
                row = self._rows.stopped()
                if row is not None and row.answer is None:
                    row.change(skipped=True)
                    if row.turn.user_message_ms is None:
                        self._mark_false_interruption(row)
            case wire.CancelLastUserMessage():
                row = self._rows.stopped()
                if row is not None:
                    row.change(cancelled=True)
                    self._mark_false_interruption(row)

    def add_early_text(self, row: Row) -> None:
        """Give a turn that is an answer to nothing the text that came before its audio."""
        if self._early_text is not None:
            self._record_text(row, *self._early_text)
            self._early_text = None

    def forget_early_text(self) -> None:
        """Drop a text whose audio will not come any more: the user speaks, or another call begins."""
        self._early_text = None

    def _record_item(self, item: wire.ConversationItem, now: float) -> None:
        match item:
            case wire.TextMessage("user", text, metadata):
                row = self._rows.stopped()
                if row is not None and row.turn.user_message_ms is None:
                    row.change(user_message_ms=now, user_text=text)
                self._add_stage_times(metadata)
            case wire.TextMessage("assistant", text, metadata):
                self._record_text(self._row_of_text(), text, now)
                self._add_stage_times(metadata)
            case wire.ToolCallMessage(call_id, name):
                row = self._row_of_text()
                if row is not None:
                    row.tool_calls[call_id] = len(row.turn.tools)
                    row.change(tools=(*row.turn.tools, ToolUse(name, now)))
            case wire.ToolResultMessage(call_id):
                self._return_tool(call_id, now)

    def _record_text(self, row: Row | None, text: str, now: float) -> None:
        if row is None:
            self._early_text = text, now
        elif row.turn.assistant_message_ms is None:
            row.change(assistant_message_ms=now, assistant_text=text)
        else:
            row.change(assistant_text=f"{row.turn.assistant_text} {text}")

    def _add_stage_times(self, metadata: Mapping[str, Any] | None) -> None:
        """Keep what the server measured with the last turn that is over: an interruption has opened the next one."""
        times, row = (metadata or {}).get("stage_times_ms"), self._rows.stopped()
        if row is None or not isinstance(times, Mapping):
            return
        if all(isinstance(value, int | float) for value in times.values()):
            row.change(stage_times_ms={**(row.turn.stage_times_ms or {}), **times})

    def _return_tool(self, call_id: str, now: float) -> None:
        for row in reversed(self._rows.all):
            if call_id in row.tool_calls:
                tools = list(row.turn.tools)
                index = row.tool_calls.pop(call_id)
                tools[index] = replace(tools[index], returned_ms=now)
                row.change(tools=tuple(tools))
                return

    def _mark_false_interruption(self, cause: Row) -> None:
        for row in self._rows.all:
            if row.cut_by is cause:
                row.change(false_interruption=True)

    def _row_of_text(self) -> Row | None:
        """Return the turn that a text of the assistant belongs to; None when it is that of an answer still to come."""
        others = [row for row in self._rows.all[-2:] if row is not self._rows.utterance]
        if not others:
            return None
        latest = others[-1]
        has_ended = latest.turn.answer_end_ms is not None and latest.turn.assistant_message_ms is not None
        return None if has_ended and self._rows.utterance is None else latest
