"""Cases of the rows that change microphone and loudspeaker."""

from __future__ import annotations

from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropErrorCode as Code
from micdrop_widget.state import inputs
from micdrop_widget.state.snapshot import MicPhase
from tests.state.cases import ANY, CONNECTED, ENDING, IDLE, LIVE, OPENING, RETRYING, Case, error

ASKED = {"mic": MicPhase.OPENING, "mic_request": 2}
USB_ASKED = {**ASKED, "chosen_mic_id": "usb"}
CLOSED = {"mic": MicPhase.CLOSED}
DEVICES = (Device("usb", "USB"), Device("built-in", "Built-in")), (Device("box", "Box"),)
OTHERS = DEVICES[0][1:], ()
GONE = error()
LOST = {**ASKED, "mic_device_id": None, "chosen_mic_id": None, "mic_unplugged_error": GONE}
UNPLUGGED = inputs.MicrophoneEnded(1, GONE, unplugged=True)
USB_IN_USE = {"mic": MicPhase.OPEN, "mic_device_id": "usb", "chosen_mic_id": "usb"}

HEARS = [phase for phase in ANY if phase not in (RETRYING, ENDING)]
SILENT, SOUNDS = inputs.MicrophoneSilent(is_silent=True), inputs.MicrophoneSilent(is_silent=False)
NO_SOUND = "warn: The microphone gives no sound: is it switched off at the headset, or is it the wrong one?"
UNHEARD_OF = "Completion if out_of_date_silence: forget_silence"
KNOWN = {"mic_silent": False}

CASES = [
    Case(
        "MicrophoneSilent if listens: note_silence",
        HEARS,
        SILENT,
        [NO_SOUND],
        {"mic_silent": True},
        given={"mic": MicPhase.OPEN},
    ),
    Case(
        "MicrophoneSilent if listens: note_silence",
        HEARS,
        SOUNDS,
        [],
        KNOWN,
        given={"mic": MicPhase.OPEN, "mic_silent": True},
    ),
    Case(UNHEARD_OF, ANY, inputs.Completion(), [], KNOWN, given={**CLOSED, "mic_silent": True}),
    Case(UNHEARD_OF, [IDLE, LIVE], inputs.Completion(), [], KNOWN, given={"mic_silent": True, "muted": True}),
    Case(UNHEARD_OF, [LIVE], inputs.Completion(), [], KNOWN, given={"mic_silent": True, "paused": True}),
    Case(
        "ChangeMicDevice if mic_closed: remember_microphone",
        ANY,
        inputs.ChangeMicDevice("usb"),
        then={"mic_device_id": "usb", "chosen_mic_id": "usb"},
        given=CLOSED,
    ),
    Case(
        "ChangeMicDevice if other_device: change_microphone",
        [OPENING],
        inputs.ChangeMicDevice("usb"),
        ["open microphone 2, usb"],
        USB_ASKED,
    ),
    Case(
        "ChangeMicDevice if other_device: change_microphone",
        [IDLE, *CONNECTED],
        inputs.ChangeMicDevice("usb"),
        ["open microphone 2, usb", "reset detection"],
        USB_ASKED,
        given={"mic": MicPhase.OPEN, "mic_device_id": "built-in"},
    ),
    Case(  # not listened to before, so there is nothing to forget
        "ChangeMicDevice if other_device: change_microphone",
        [RETRYING, ENDING],
        inputs.ChangeMicDevice("usb"),
        ["open microphone 2, usb"],
        USB_ASKED,
        given={"mic": MicPhase.OPEN},
    ),
    Case(
        "ChangeMicDevice if other_device: change_microphone",
        [LIVE],
        inputs.ChangeMicDevice("usb"),
        ["open microphone 2, usb", "send StopSpeaking", "reset detection"],
        {**USB_ASKED, "user_speaking": False, "processing": True},
        given={"user_speaking": True},
    ),
    Case(
        "ChangeMicDevice if other_device: change_microphone",
        [LIVE],
        inputs.ChangeMicDevice("usb"),
        ["open microphone 2, usb"],
        USB_ASKED,
        given={"muted": True},
    ),
    Case(
        "DetectionChanged if mic_in_use: reopen_microphone",
        [OPENING, RETRYING],
        inputs.DetectionChanged(),
        ["open microphone 2, None"],
        ASKED,
    ),
    Case(
        "DetectionChanged if mic_in_use: reopen_microphone",
        [ENDING],
        inputs.DetectionChanged(),
        ["open microphone 2, None"],
        ASKED,
        given={"mic": MicPhase.OPEN},
    ),
    Case(
        "DetectionChanged if mic_in_use: reopen_microphone",
        [IDLE, *CONNECTED],
        inputs.DetectionChanged(),
        ["open microphone 2, usb", "reset detection"],
        ASKED,
        given=USB_IN_USE,
    ),
    Case(
        "MicrophoneMoved if mic_in_use: move_microphone",
        [OPENING, RETRYING],
        inputs.MicrophoneMoved(),
        ["open microphone 2, None"],
        ASKED,
    ),
    Case(
        "MicrophoneMoved if mic_in_use: move_microphone",
        [ENDING],
        inputs.MicrophoneMoved(),
        ["open microphone 2, None"],
        ASKED,
        given={"mic": MicPhase.OPEN},
    ),
    Case(
        "MicrophoneMoved if mic_in_use: move_microphone",
        [IDLE, *CONNECTED],
        inputs.MicrophoneMoved(),
        ["open microphone 2, None", "reset detection"],
        ASKED,
        given={"mic": MicPhase.OPEN, "mic_device_id": "usb"},
    ),
    Case(  # the utterance that was begun in the other page ends
        "MicrophoneMoved if mic_in_use: move_microphone",
        [LIVE],
        inputs.MicrophoneMoved(),
        ["open microphone 2, None", "send StopSpeaking", "reset detection"],
        {**ASKED, "user_speaking": False, "processing": True},
        given={"user_speaking": True},
    ),
    Case(  # not the one that was chosen where the call had its microphone before: it may be on another computer
        "MicrophoneMoved if mic_closed: rejoin_microphone",
        [IDLE, *CONNECTED, RETRYING],
        inputs.MicrophoneMoved(),
        ["open microphone 2, None"],
        {**ASKED, "chosen_mic_id": None, "error": None},
        given={**CLOSED, "chosen_mic_id": "usb", "error": GONE},
    ),
    Case(
        "ChangeSpeakerDevice: change_speaker",
        ANY,
        inputs.ChangeSpeakerDevice("headset"),
        ["play on headset"],
        {"speaker_device_id": "headset"},
    ),
    Case(
        "SpeakerFailed if selected_speaker: speaker_failed",
        ANY,
        inputs.SpeakerFailed("headset", "gone"),
        ["warn: the loudspeaker 'headset' cannot be used (gone); the usual one plays"],
        {"speaker_device_id": None},
        given={"speaker_device_id": "headset"},
    ),
    Case(
        "DevicesListed: list_devices",
        ANY,
        inputs.DevicesListed(*DEVICES),
        then={"mic_devices": DEVICES[0], "speaker_devices": DEVICES[1]},
        given={"chosen_mic_id": "usb"},
    ),
    Case(
        "DevicesListed: list_devices",
        ANY,
        inputs.DevicesListed(*OTHERS),
        then={"mic_devices": OTHERS[0], "speaker_devices": (), "chosen_mic_id": None},
        given={"mic_devices": DEVICES[0], "speaker_devices": DEVICES[1], "chosen_mic_id": "usb"},
    ),
    Case(
        "MicrophoneEnded if unplugged: replace",
        [IDLE, *CONNECTED],
        UNPLUGGED,
        ["open microphone 2, None", "reset detection"],
        LOST,
        given=USB_IN_USE,
    ),
    Case(
        "MicrophoneEnded if unplugged: replace",
        [RETRYING],
        UNPLUGGED,
        ["open microphone 2, None"],
        LOST,
        given=USB_IN_USE,
    ),
    Case(
        "MicrophoneEnded if unplugged: replace",
        [LIVE],
        UNPLUGGED,
        ["open microphone 2, None", "send StopSpeaking", "reset detection"],
        {**LOST, "user_speaking": False, "processing": True},
        given={**USB_IN_USE, "user_speaking": True},
    ),
    Case(  # it was itself a replacement, of a moment ago
        "MicrophoneEnded if unplugged: replace",
        [LIVE],
        UNPLUGGED,
        ["close microphone", "emit Error", "reset detection"],
        {**CLOSED, "mic_request": 2, "mic_device_id": None, "chosen_mic_id": None},
        given={**USB_IN_USE, "mic_replaced_ms": -500},
        error=Code.Mic,
    ),
    Case(
        "PlaybackFailed: report_playback_failed",
        ANY,
        inputs.PlaybackFailed(error(Code.Unknown)),
        ["emit Error"],
        error=Code.Unknown,
    ),
    Case(
        "RecordingFailed: report_recording_failed",
        ANY,
        inputs.RecordingFailed(error(Code.Unknown)),
        ["emit Error"],
        error=Code.Unknown,
    ),
]
