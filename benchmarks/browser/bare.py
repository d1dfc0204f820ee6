"""The least that a call could cost: a widget with an open microphone, with and without messages that nobody reads."""

from __future__ import annotations

__all__ = ["BARE_WIDGET", "MICROPHONE_ALONE"]

_WIDGET = '''
import anywidget
from micdrop_widget.jupyter import ipykernel

class Bare(anywidget.AnyWidget):
    """Opens the microphone as a call does, and sends messages on the same way."""

    _esm = """
    const WORKLET = `registerProcessor("bare", class extends AudioWorkletProcessor { process() { return true; } })`;

    async function start(model) {
      const context = new AudioContext({ sampleRate: 16000 });
      await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
      const node = new AudioWorkletNode(context, "bare");
      context.createMediaStreamSource(stream).connect(node).connect(context.destination);
      const send = () => model.send({ type: "frame" }, undefined, [new ArrayBuffer(1024)]);
      SEND
    }

    export default {
      render({ model, el }) {
        const button = document.createElement("button");
        button.dataset.testid = "start";
        button.addEventListener("click", () => start(model));
        el.append(button);
      },
    };
    """

bare = Bare()
received = []
bare.on_msg(lambda *_: received.append(1))
ipykernel.install(bare.comm, bare._handle_custom_msg)
bare
'''

BARE_WIDGET = _WIDGET.replace("SEND", "setInterval(send, 32);")
"""As many and as large messages as a call without a quiet moment sends."""

MICROPHONE_ALONE = _WIDGET.replace("SEND", "send();")
"""One, which tells that it is open."""
