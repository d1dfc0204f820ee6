"""The state that pages show and no notebook saves: the conversation, the names of devices, and errors and notices.

A widget's synced state is stored with the notebook; this part of the call's state therefore travels in messages: as
changes to all pages, whole to a page that has just said hello. A message about a conversation costs the same however
long the conversation is. Messages go before the synced traits of the same state: a page that has only the messages yet
shows an item or an error more, and nothing that contradicts the old traits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from micdrop_widget.browser import messages
from micdrop_widget.protocol import ConversationItem
from micdrop_widget.state import MicdropState

__all__ = ["DETAIL_FIELDS", "PrivateState"]

DETAIL_FIELDS = ("partialAssistantMessage", "micDevices", "speakerDevices", "error", "notices")
"""The fields that a `details` message carries."""

_MESSAGE_BYTES = 1 << 16
"""More items than fit into this go in several messages: audio must not queue behind a long one."""


class PrivateState:
    """Sends the pages the changes of the private state. All methods belong to the thread that writes the traits.

    Parameters
    ----------
    send
        Sends a message to the pages.
    """

    def __init__(self, send: Callable[[messages.Content], object]) -> None:
        self._send = send
        self._state = MicdropState()

    def publish(self, state: MicdropState) -> None:
        """Send all pages what has changed since the last state."""
        before, self._state = self._state, state
        contents: list[messages.Content] = []
        if state.conversation is not before.conversation:
            contents += _conversation(_common_length(before.conversation, state.conversation), state.conversation)
        changed = {
            name: getattr(state, name) for name in DETAIL_FIELDS if getattr(state, name) != getattr(before, name)
        }
        if changed:
            contents.append(messages.details(changed))
        self._send_together(contents)

    def publish_whole(self, page_id: str) -> None:
        """Send a new page the whole private state."""
        details = {name: getattr(self._state, name) for name in DETAIL_FIELDS}
        contents = [*_conversation(0, self._state.conversation, page_id), messages.details(details, page_id)]
        self._send_together(contents, page_id)

    def _send_together(self, contents: Sequence[messages.Content], to: str | None = None) -> None:
        """Send the last part of the conversation and the rest as one message: an answer replaces its draft."""
        for content in contents[:-2]:
            self._send(content)
        if contents:
            self._send(messages.bundle(contents[-2:], to))


def _common_length(before: Sequence[ConversationItem], after: Sequence[ConversationItem]) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    differs = (number for number, (old, new) in pairs if old is not new and old != new)
    return next(differs, min(len(before), len(after)))


def _conversation(start: int, items: Sequence[ConversationItem], to: str | None = None) -> Iterator[messages.Content]:
    """Yield messages that replace all items from a number on."""
    while True:
        content = messages.conversation(start, items[start : _end_of_message(start, items)], to)
        yield content
        start += len(content["items"])
        if start == len(items):
            return


def _end_of_message(start: int, items: Sequence[ConversationItem]) -> int:
    """Return the end of the items from `start` on that fit into one message; at least one always does."""
    size = 0
    for end in range(start, len(items)):
        size += len(json.dumps(messages.conversation(end, items[end : end + 1])["items"]))
        if size > _MESSAGE_BYTES and end > start:
            return end
    return len(items)
