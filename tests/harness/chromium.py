"""A fresh Chromium with a WAV as microphone, or on a virtual sound card."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np
from playwright.sync_api import Browser, Playwright

from tests.harness.sound_card import SoundCard
from tests.harness.spoken import write_wav

EXECUTABLE = Path("/usr/bin/chromium")

Permission = Literal["granted", "denied"]
Microphone = Path | SoundCard | Literal["absent"] | None

_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)

_CARD_BUFFER_SAMPLES = 2048
"""43 ms at 48 kHz; with Chromium's own 512 a busy machine loses samples in both directions."""


class ChromiumMissingError(RuntimeError):
    """There is no Chromium to test with."""

    def __init__(self) -> None:
        super().__init__(f"{EXECUTABLE} is missing: run scripts/test, which installs it (apt-get install chromium)")


def launch_chromium(
    playwright: Playwright,
    home: Path,
    *,
    microphone: Microphone = None,
    microphone_loops: bool = False,
    permission: Permission = "granted",
    autoplay_needs_gesture: bool = False,
    arguments: tuple[str, ...] = (),
) -> Browser:
    """Start a browser of its own.

    Parameters
    ----------
    home
        A directory for what the browser writes; made if missing.
    microphone
        The WAV that it hears, from its start when the first track opens, once; its last 10 ms then
        repeat for ever, or all of it if `microphone_loops`. None hears silence. ``"absent"``: there is no
        microphone (NotFoundError). A sound card: its microphones, and its loudspeaker plays.
    permission
        ``"denied"`` rejects ``getUserMedia`` with NotAllowedError at once: headless Chromium has no one
        to ask, so leaving its fake prompt out is enough.
    autoplay_needs_gesture
        True as in a user's browser: an AudioContext without a click starts suspended.
    arguments
        More command-line arguments.

    Raises
    ------
    ChromiumMissingError
        It is not installed.
    """
    flags, environment = chromium_settings(
        home,
        microphone=microphone,
        microphone_loops=microphone_loops,
        permission=permission,
        autoplay_needs_gesture=autoplay_needs_gesture,
    )
    return playwright.chromium.launch(
        executable_path=str(EXECUTABLE),
        args=[*flags, *arguments],
        ignore_default_args=["--mute-audio"] if isinstance(microphone, SoundCard) else None,
        env=dict(environment),
        chromium_sandbox=False,
    )


def chromium_settings(
    home: Path,
    *,
    microphone: Microphone,
    microphone_loops: bool,
    permission: Permission = "granted",
    autoplay_needs_gesture: bool = False,
) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and the environment of a Chromium; parameters and errors as of `launch_chromium`."""
    if not EXECUTABLE.exists():
        raise ChromiumMissingError
    home.mkdir(parents=True, exist_ok=True)
    flags = [*_QUIET]
    if permission == "granted":
        flags.append("--use-fake-ui-for-media-stream")
    if microphone is None or isinstance(microphone, Path):
        wav = microphone or write_wav(home / "silence.wav", np.zeros(1600, np.int16))
        flags.append("--use-fake-device-for-media-stream")
        flags.append(f"--use-file-for-fake-audio-capture={wav.resolve()}{'' if microphone_loops else '%noloop'}")
    if isinstance(microphone, SoundCard):
        flags.append(f"--audio-buffer-size={_CARD_BUFFER_SAMPLES}")
    if not autoplay_needs_gesture:
        flags.append("--autoplay-policy=no-user-gesture-required")
    # A sound server would put its echo canceller on the fake microphone; a home of its own suits any user.
    sound_server = microphone.server if isinstance(microphone, SoundCard) else "unix:/nonexistent"
    environment = {**os.environ, "HOME": str(home), "PULSE_SERVER": sound_server}
    # Debian's wrapper script reads these; Chromium writes there.
    environment |= {"XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    return flags, environment
