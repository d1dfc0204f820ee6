"""Several carriers as one: a call may be shown by pages of a notebook and by one that is served."""

from __future__ import annotations

from collections.abc import Sequence

from micdrop_widget.browser.downlink import Carrier
from micdrop_widget.browser.messages import Content

__all__ = ["Carriers"]


class Carriers:
    """Sends a message for one page by the carrier of that page, and one for all pages by every carrier."""

    def __init__(self) -> None:
        self._carriers: tuple[Carrier, ...] = ()
        self._of_page: dict[str, Carrier] = {}

    def add(self, carrier: Carrier) -> None:
        """Send by this carrier too."""
        self._carriers = (*self._carriers, carrier)

    def remove(self, carrier: Carrier) -> None:
        """Send by this carrier no more; one that is not there is no error."""
        self._carriers = tuple(each for each in self._carriers if each is not carrier)
        self._of_page = {page_id: each for page_id, each in self._of_page.items() if each is not carrier}

    def carrier_of(self, page_id: str) -> Carrier | None:
        """Return the carrier by which a page is reached; None for a page that has sent nothing."""
        return self._of_page.get(page_id)

    def note_page(self, page_id: str, carrier: Carrier) -> None:
        """Note by which carrier a page is reached."""
        self._of_page[page_id] = carrier

    def forget_page(self, page_id: str) -> None:
        """Note that a page is gone."""
        self._of_page.pop(page_id, None)

    def send(self, content: Content, buffers: Sequence[bytes] = (), *, urgent: bool = False) -> None:
        """Send a message; from any thread. See `Carrier.send`."""
        carrier = self._of_page.get(content.get("to") or "")
        for each in self._carriers if carrier is None else (carrier,):
            each.send(content, buffers, urgent=urgent)

    def deferred_sent(self) -> None:
        """Note that deferred messages have just been sent."""
        for carrier in self._carriers:
            carrier.deferred_sent()
