"""Publishes the state of a call in messages, for a carrier without synced traits. On the loop thread."""

from __future__ import annotations

from collections.abc import Callable

from micdrop_widget.browser import PrivateState, messages
from micdrop_widget.browser.private_state import DETAIL_FIELDS
from micdrop_widget.state import MicdropState

__all__ = ["StateMessages"]

_FIELDS = tuple(name for name in MicdropState.FIELDS if name not in ("conversation", *DETAIL_FIELDS))
"""The fields that are synced traits in Jupyter; the others travel in `PrivateState`'s messages everywhere."""


class StateMessages:
    """Publishes the state of a call; see `micdrop_widget.browser.StatePublisher`.

    Parameters
    ----------
    send
        Sends a message to the page.
    state, owner
        The state and the owner as they are now.
    """

    def __init__(self, send: Callable[[messages.Content], object], state: MicdropState, owner: str | None) -> None:
        self._send = send
        self._state = state
        self._owner = owner
        self._private_state = PrivateState(send)
        self._private_state.publish(state)

    def publish(self, state: MicdropState) -> None:
        """Send what has changed."""
        before, self._state = self._state, state
        self._private_state.publish(state)
        if any(getattr(state, name) != getattr(before, name) for name in _FIELDS):
            self.send_state()

    def publish_owner(self, owner: str | None) -> None:
        """Send which page has microphone and loudspeaker."""
        self._owner = owner
        self.send_state()

    def publish_whole(self, page_id: str) -> None:
        """Send a new page the whole state."""
        self._private_state.publish_whole(page_id)
        self.send_state()

    def send_state(self, *, closed: bool = False) -> None:
        """Send the fields that are synced traits in Jupyter."""
        fields = {name: getattr(self._state, name) for name in _FIELDS}
        self._send(messages.state({**fields, "_owner": self._owner, "_closed": closed}))
