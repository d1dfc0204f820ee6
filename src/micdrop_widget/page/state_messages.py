"""The state of a call for a carrier without traits: all of it in messages. On the loop thread."""

from __future__ import annotations

from collections.abc import Callable

from micdrop_widget.browser import PrivateState, messages
from micdrop_widget.browser.private_state import DETAIL_FIELDS
from micdrop_widget.state import MicdropState

__all__ = ["StateMessages"]

_FIELDS = tuple(name for name in MicdropState.FIELDS if name not in ("conversation", *DETAIL_FIELDS))
"""What is a trait elsewhere; the rest is in messages of its own everywhere."""


class StateMessages:
    """Publishes the state of a call; see `micdrop_widget.browser.StatePublisher`.

    Parameters
    ----------
    send
        Sends a message to the page.
    state, owner
        As they are now.
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
        """Send a page that is new everything."""
        self._private_state.publish_whole(page_id)
        self.send_state()

    def send_state(self, *, closed: bool = False) -> None:
        """Send what is a trait elsewhere."""
        fields = {name: getattr(self._state, name) for name in _FIELDS}
        self._send(messages.state({**fields, "_owner": self._owner, "_closed": closed}))
