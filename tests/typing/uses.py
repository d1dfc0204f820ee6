"""Right and wrong uses of the API, as mypy sees them. Nothing here runs; `test_uses.py` compares the errors.

A line that ends in `# E: code` has exactly one error, of this code; every other line has none.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import numpy as np

from micdrop_widget import (
    ArraySource,
    Classification,
    MicdropClient,
    MicdropError,
    MicdropErrorCode,
    MicdropState,
    MicdropWidget,
    Reconnect,
    SileroVAD,
    SmartTurn,
    Status,
    TextMessage,
    ToolCall,
    ToolCallMessage,
    ToolResultMessage,
    VirtualSpeaker,
)


def options() -> None:
    client = MicdropClient(
        "ws://localhost:8081",
        source=np.zeros(512, np.int16),
        sink=VirtualSpeaker(pace="fast"),
        params={"lang": "fr"},
        vad=[SileroVAD(), "volume"],
        turn_detector=SmartTurn(),
        turn_max_wait_ms=3000,
        disable_interruption=True,
        echo_cancellation=False,
        noise_suppression=False,
        auto_gain_control=False,
        reconnect=Reconnect(max_attempts=3),
        headers={"authorization": "Bearer x"},
        subprotocols=["micdrop"],
        proxy=None,
        ssl=ssl.create_default_context(),
        ping_interval_s=None,
        record=Path("call.wav"),
        debug_log=True,
    )
    MicdropClient(source="question.wav")
    MicdropClient(source=ArraySource(np.zeros(512)), reconnect={"max_attempts": 0})
    MicdropWidget(url="ws://localhost:8081", vad="silero", record=False)
    MicdropWidget(vad=["volume", "silero"]).start(vad="volume")
    MicdropClient("ws://localhost:8081", vad="sillero")  # E: arg-type
    MicdropWidget("ws://localhost:8081", vad=["volume", "sillero"])  # E: list-item
    MicdropClient("ws://localhost:8081", recrod=True)  # E: call-arg
    MicdropWidget("ws://localhost:8081", {"lang": "fr"})  # E: call-arg
    MicdropClient("ws://localhost:8081", disable_interruption="False")  # E: arg-type
    MicdropClient("ws://localhost:8081", turn_max_wait_ms="4000")  # E: arg-type
    MicdropClient("ws://localhost:8081", sink="out.wav")  # E: arg-type
    MicdropClient("ws://localhost:8081", vad=0.5)  # E: arg-type
    MicdropWidget("ws://localhost:8081", source="question.wav")  # E: call-arg
    MicdropWidget("ws://localhost:8081", headers={"x": 1})  # E: dict-item
    client.start(url="ws://localhost:1", params={"a": 1}, record=True)  # E: unused-coroutine
    client.options.record = False  # E: misc


async def methods(client: MicdropClient, widget: MicdropWidget) -> None:
    await client.start(url="ws://localhost:1", ping_interval_s=5)
    await widget.start(vad="volume")
    widget.start()
    widget.start_mic(device_id="usb")
    await client.stop(graceful=True)
    await client.change_mic_device("usb")
    client.pause()
    await client.close()
    widget.close()
    await widget.start(source="question.wav")  # E: call-arg
    await client.start("ws://localhost:1")  # E: call-arg
    await client.stop(gracefull=True)  # E: call-arg
    await client.start_mic("volume")  # E: call-arg
    print(await client.start())  # E: func-returns-value
    with widget as same:
        same.mute()
    async with client as other:
        await other.start()


def on_state(state: MicdropState, previous: MicdropState) -> None: ...
def on_error(error: MicdropError) -> None: ...
def on_end() -> None: ...
def on_item(item: TextMessage | ToolCallMessage | ToolResultMessage) -> None: ...
def on_status(status: Status) -> None: ...
def on_text(text: str) -> None: ...
def on_tool(call: ToolCall) -> None: ...
def on_class(classification: Classification) -> None: ...
async def on_item_async(item: TextMessage | ToolCallMessage | ToolResultMessage) -> None: ...


def handlers(client: MicdropClient, widget: MicdropWidget) -> None:
    for call in (client, widget):
        call.on("StateChange", on_state)
        call.on("Error", on_error)
        call.on("EndCall", on_end)
        call.on("Message", on_item)
        call.on("Message", on_item_async)
        call.on("PartialAssistantMessage", on_text)
        call.on("ToolCall", on_tool)
        call.on("Classification", on_class)
        call.off("Message", on_item)
        call.off("Message")
    client.on("EndCall", lambda: client.stop(graceful=True))
    client.on("Message", lambda item: print(item.role))
    client.on("Error", lambda error: print(error.remedy))
    client.on("Message", on_text)  # E: call-overload
    client.on("EndCall", on_error)  # E: call-overload
    client.on("StateChange", on_end)  # E: call-overload
    client.on("Mesage", on_item)  # E: call-overload
    client.on("Message", lambda: print("said"))  # E: call-overload
    client.off("Mesage")  # E: arg-type
    client.vad.on("StartSpeaking", on_end)
    client.vad.on("ChangeStatus", on_status)
    client.vad.on("Message", on_end)  # E: call-overload
    client.vad.on("StartSpeaking", on_text)  # E: call-overload
    client.vad.on("ChangeStatus", on_text)  # E: call-overload


async def waiting(client: MicdropClient, widget: MicdropWidget) -> None:
    item: TextMessage | ToolCallMessage | ToolResultMessage = await client.wait_for("Message", role="assistant")
    error: MicdropError = await widget.wait_for("Error", code=MicdropErrorCode.Mic, timeout=5)
    tool: ToolCall = await client.wait_for("ToolCall", lambda call: call.parameters, name="search")
    await client.wait_for("EndCall", timeout=1)
    print(await client.wait_for("EndCall"))  # E: func-returns-value
    state: MicdropState = await widget.until(isListening=True, timeout=10)
    state = await client.until(lambda state: len(state.conversation) > 3, isStarted=True)
    state = widget.until(micDeviceId=None).result(timeout=3)
    async for text in client.events("PartialAssistantMessage"):
        print(text.upper())
    async for message in widget.events("Message", role="user"):
        print(message.role)
    await client.wait_for("Mesage")  # E: call-overload
    await client.wait_for("Message", code=MicdropErrorCode.Mic)  # E: call-overload
    await client.wait_for("Message", role="robot")  # E: call-overload
    await client.wait_for("Message", "assistant")  # E: call-overload
    text = await client.wait_for("Error")  # E: assignment
    await client.until(isListenin=True)  # E: call-arg
    await client.until(isListening="yes")  # E: arg-type
    await client.until(lambda state: state.isTalking)  # E: attr-defined
    async for call in client.events("ToolCall", role="user"):  # E: call-overload
        print(call)
