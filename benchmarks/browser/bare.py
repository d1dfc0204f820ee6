"""The least that a call could cost: a widget with an open microphone, and messages that nobody reads."""

from __future__ import annotations

__all__ = ["BARE_WIDGET"]

BARE_WIDGET = '''
import anywidget
from micdrop_widget import _comm

class Bare(anywidget.AnyWidget):
    """Opens the microphone as a call does, and sends as many and as large messages, on the same way."""

    _esm = """
    const WORKLET = `registerProcessor("bare", class extends AudioWorkletProcessor { process() { return true; } })`;

    async function start(model) {
      const context = new AudioContext({ sampleRate: 16000 });
      await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
      const node = new AudioWorkletNode(context, "bare");
      context.createMediaStreamSource(stream).connect(node).connect(context.destination);
      setInterval(() => model.send({ type: "frame" }, undefined, [new ArrayBuffer(1024)]), 32);
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
_comm.honour_front_end_routing(bare.comm)
_comm.stay_idle(bare.comm)
_comm.deliver_directly(bare.comm, bare._handle_custom_msg)
bare
'''
