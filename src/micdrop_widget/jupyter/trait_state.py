"""Publishes the state of a call as the widget's synced traits, and the private part of it in messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from micdrop_widget.browser import PrivateState
from micdrop_widget.state import MicdropState

__all__ = ["TraitState"]


class TraitState:
    """Publishes the state on the thread that writes the traits; see `micdrop_widget.browser.StatePublisher`.

    Parameters
    ----------
    write
        Sets the widget's traits, all at once.
    private_state
        Publishes the part of the state that travels in messages.
    post
        Calls a function on the thread that writes the traits.
    """

    def __init__(
        self,
        write: Callable[[Mapping[str, object]], object],
        private_state: PrivateState,
        post: Callable[[Callable[[], object]], object],
    ) -> None:
        self._write = write
        self._private_state = private_state
        self._post = post
        self._state = MicdropState()

    def publish(self, state: MicdropState) -> None:
        """Write what has changed."""
        self._post(lambda: self._publish(state))

    def publish_owner(self, owner: str | None) -> None:
        """Write which page has microphone and loudspeaker."""
        self._post(lambda: self._write({"_owner": owner}))

    def publish_whole(self, page_id: str) -> None:
        """Send a new page the part of the state that is no synced trait."""
        self._post(lambda: self._private_state.publish_whole(page_id))

    def _publish(self, state: MicdropState) -> None:
        previous, self._state = self._state, state
        self._private_state.publish(state)
        new = {name: getattr(state, name) for name in MicdropState.FIELDS}
        changed = {name: value for name, value in new.items() if value != getattr(previous, name)}
        self._write({"state": state, **changed})
