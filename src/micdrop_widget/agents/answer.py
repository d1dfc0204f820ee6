"""One answer, from text to sound: what was sent of it, what was played, and how long each stage took."""

from __future__ import annotations

from typing import Any

from micdrop_widget.agents.playback import INTERRUPTED, Playback, Spoken
from micdrop_widget.agents.protocols import ChatMessage
from micdrop_widget.agents.stage_times import StageTimes

__all__ = ["Answer"]


class Answer:
    """An answer that is being made: its messages in the conversation, and those of its sentences that have sound.

    Parameters
    ----------
    conversation
        What the answer is added to.
    playback
        The playback of the call.
    began_s
        When the turn of the user was over, on the monotonic clock; None for an answer without a turn before it.

    Attributes
    ----------
    stages
        When its stages were through.
    """

    def __init__(self, conversation: list[ChatMessage], playback: Playback, began_s: float | None) -> None:
        self._conversation = conversation
        self._playback = playback
        self._messages: list[ChatMessage] = []
        self._written: dict[int, str] = {}
        self.spoken: list[Spoken] = []
        self.stages = StageTimes(began_s)
        self.skipped = False
        self.is_voiced = False
        self.complete = False
        """Whether everything was sent."""
        self.dead = False
        """Whether it was interrupted: nothing more of it may be sent."""

    @property
    def text(self) -> str:
        """All that was written so far."""
        return " ".join(filter(None, (self._written[id(message)].strip() for message in self._messages)))

    def open_message(self) -> ChatMessage:
        """Begin another message of the assistant; it joins the conversation with its first text or tool call."""
        message: ChatMessage = {"role": "assistant", "content": ""}
        self._messages.append(message)
        self._written[id(message)] = ""
        return message

    def write(self, message: ChatMessage, text: str) -> None:
        """Add text to a message."""
        self._written[id(message)] += text
        message["content"] = self._written[id(message)].strip()
        self._include(message)

    def call_tools(self, message: ChatMessage, tool_calls: list[dict[str, Any]]) -> None:
        """Add tool calls to a message."""
        message["tool_calls"] = tool_calls
        message["content"] = message["content"] or None
        self._include(message)

    def speak(self, message: ChatMessage, sentence: str) -> Spoken:
        """Note that the sound of a sentence begins at the sample that is sent next."""
        spoken = Spoken(message, sentence, self._playback.sent_samples)
        self.spoken.append(spoken)
        return spoken

    def interrupt(self, now_s: float, *, shown: bool) -> str:
        """Remove from the conversation what was not played.

        Parameters
        ----------
        now_s
            On the event loop's clock.
        shown
            Whether the user could read what was written, where there is no voice.

        Returns
        -------
        str
            The text that was played, marked if it is not all; "" if nothing was.
        """
        self.dead = True
        heard = self._playback.heard_samples(now_s)
        if self.complete and (not self.spoken or heard >= self.spoken[-1].end):
            return self.text
        if not self.is_voiced:
            return self._keep_written() if shown else self._keep({})
        return self._keep(self._heard(heard))

    def fail(self) -> None:
        """Remove from the conversation what was never sent, after a part failed."""
        if self.is_voiced:
            self._keep(self._heard(self._playback.sent_samples), mark="")

    def _heard(self, samples: int) -> dict[int, str]:
        texts: dict[int, list[str]] = {}
        for sentence in self.spoken:
            texts.setdefault(id(sentence.message), []).append(sentence.heard_text(samples))
        return {key: " ".join(filter(None, parts)) for key, parts in texts.items()}

    def _keep_written(self) -> str:
        return self._keep({id(message): self._written[id(message)].strip() for message in self._messages})

    def _keep(self, heard: dict[int, str], mark: str = INTERRUPTED) -> str:
        kept = []
        for message in self._messages:
            text = heard.get(id(message), "")
            self._written[id(message)] = text
            if text:
                message["content"] = text + mark
                kept.append(text)
            elif "tool_calls" in message:
                message["content"] = None
            else:
                self._remove(message)
        return " ".join(kept) + mark if kept else ""

    def _include(self, message: ChatMessage) -> None:
        if not any(each is message for each in self._conversation):
            self._conversation.append(message)

    def _remove(self, message: ChatMessage) -> None:
        self._conversation[:] = [each for each in self._conversation if each is not message]
