"""Jupyter's comm as a carrier: what must not wait fills a TCP segment."""

from __future__ import annotations

import zlib

from micdrop_widget.browser.messages import Content, flush
from micdrop_widget.jupyter.carrier import JupyterCarrier


def test_an_urgent_message_fills_a_segment_of_the_loopback_interface() -> None:
    sent: list[tuple[Content, list[bytes] | None]] = []
    carrier = JupyterCarrier(lambda content, buffers: sent.append((content, buffers)))
    carrier.send(flush(3))
    carrier.send(flush(4), [b"ab"])
    carrier.send(flush(5), urgent=True)
    carrier.send(flush(6), [b"ab"], urgent=True)
    assert [content["epoch"] for content, _ in sent] == [3, 4, 5, 6]
    assert [buffers for _, buffers in sent[:2]] == [None, [b"ab"]]
    _, (_, only), (_, both) = sent[1:]
    assert only is not None
    assert both is not None
    assert (len(only), len(both), both[0]) == (1, 2, b"ab")
    for filler in (only[0], both[1]):
        assert len(filler) >= 65_483  # its MTU of 65 536 without the headers
        assert len(zlib.compress(filler)) >= 65_483


def test_idle_is_published_when_deferred_messages_were_sent() -> None:
    published: list[str] = []
    carrier = JupyterCarrier(lambda content, buffers: None)
    carrier.deferred_sent()
    carrier.publish_idle = lambda: published.append("idle")
    carrier.deferred_sent()
    assert published == ["idle"]
