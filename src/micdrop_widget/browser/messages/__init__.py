"""The messages between the panel in the browser and the kernel: what each means, and how it is written.

`tests/comm_messages.json` holds one golden example of each; the front end's codec is `js/src/messages`. State goes
down as synced traits; everything else travels in these custom messages, audio as a binary buffer.
"""

from micdrop_widget.browser.messages.down import (
    Constraints,
    Content,
    ack,
    alive,
    bundle,
    close_mic,
    flush,
    hearing,
    open_mic,
    play,
    set_speaker,
    with_nagle_filler,
)
from micdrop_widget.browser.messages.up import (
    Alive,
    AudioFrame,
    BrowserMessage,
    Bye,
    ChooseDevice,
    Command,
    DevicesChanged,
    HeardReport,
    Hello,
    MicEnded,
    MicFailed,
    MicOpened,
    MicPrompting,
    SpeakerFailed,
    parse_messages,
)

__all__ = [
    "Alive",
    "AudioFrame",
    "BrowserMessage",
    "Bye",
    "ChooseDevice",
    "Command",
    "Constraints",
    "Content",
    "DevicesChanged",
    "HeardReport",
    "Hello",
    "MicEnded",
    "MicFailed",
    "MicOpened",
    "MicPrompting",
    "SpeakerFailed",
    "ack",
    "alive",
    "bundle",
    "close_mic",
    "flush",
    "hearing",
    "open_mic",
    "parse_messages",
    "play",
    "set_speaker",
    "with_nagle_filler",
]
