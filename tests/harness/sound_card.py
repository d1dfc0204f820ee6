"""A virtual sound card: microphones, a loudspeaker and the air between them, by a pulseaudio of its own.

To a browser that is given `SoundCard.server` all of it is hardware: devices to list and to unplug, 48 kHz, the
browser's own processing. Nothing else on the machine hears of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.harness.processes import end_process

__all__ = ["LOUDSPEAKER", "Recording", "SoundCard", "SoundServerMissingError"]

LOUDSPEAKER = "Loudspeaker"

_PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
_START_LIMIT_S = 10.0
_SPEECH_LIMIT_S = 60.0
_SILENCE_S = 0.2
"""Recorded before and after what is listened to: longer than anything on its way to the recorder."""


class SoundServerMissingError(RuntimeError):
    """There is no pulseaudio to make a sound card of."""

    def __init__(self, program: str) -> None:
        super().__init__(
            f"{program} is missing: scripts/sound-card installs it (apt-get install pulseaudio pulseaudio-utils)"
        )


class Recording:
    """What the loudspeaker played; it grows while it is recorded."""

    def __init__(self, file: Path, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._file = file

    @property
    def pcm(self) -> NDArray[np.int16]:
        """The samples so far, mono."""
        written = self._file.read_bytes()
        return np.frombuffer(written[: len(written) // 2 * 2], dtype="<i2")

    def wait_for(self, seconds: float) -> None:
        """Wait until so much more is recorded.

        Raises
        ------
        TimeoutError
            The recorder stands still.
        """
        end = self._file.stat().st_size + round(2 * seconds * self.sample_rate)
        deadline = time.monotonic() + seconds + _START_LIMIT_S
        while self._file.stat().st_size < end:
            if time.monotonic() > deadline:
                raise TimeoutError("the loudspeaker's recorder stands still")
            time.sleep(0.01)


class SoundCard:
    """A running sound server with one loudspeaker and the microphones that were plugged in.

    The names of microphones have no spaces; browsers show them as labels.

    Attributes
    ----------
    server
        What ``PULSE_SERVER`` must be for a program that is to use it.

    Raises
    ------
    SoundServerMissingError
        It is not installed.
    RuntimeError
        It did not start; the message holds its log.
    """

    def __init__(self) -> None:
        for program in _PROGRAMS:
            if shutil.which(program) is None:
                raise SoundServerMissingError(program)
        # Not pytest's directory: the path of a socket has at most 107 characters.
        self._home = Path(tempfile.mkdtemp(prefix="sound-card-"))
        self.server = f"unix:{self._home / 'socket'}"
        self._modules: dict[str, list[str]] = {}  # microphone -> what it is made of, outermost first
        self._process = self._start()

    def add_microphone(self, name: str) -> None:
        """Plug in a microphone. The first one is the default."""
        air = self._load("module-null-sink", f"sink_name={_air(name)}", "rate=48000", "channels=1")
        described = f"source_properties=device.description={name}"
        plug = self._load("module-remap-source", f"master={_air(name)}.monitor", f"source_name={name}", described)
        self._modules[name] = [plug, air]
        if len(self._modules) == 1:
            self.set_default_microphone(name)

    def unplug(self, name: str) -> None:
        """Take a microphone away, whether it is used or not; the server moves its users to the default one.

        Raises
        ------
        KeyError
            There is none of this name.
        """
        for module in self._modules.pop(name):
            self._control("unload-module", module)

    def set_default_microphone(self, name: str) -> None:
        """Make a microphone the one that programs get which ask for none."""
        self._control("set-default-source", name)

    def speak(self, wav: Path, microphone: str) -> None:
        """Play a WAV into a microphone; return when its last sample has gone in."""
        with self.speaking(wav, microphone):
            pass

    @contextmanager
    def speaking(self, wav: Path, microphone: str) -> Generator[None]:
        """Play a WAV into a microphone while the block runs, which then waits for its end."""
        # A second of buffer: on a busy machine a shorter one runs dry, and the sentence gets gaps.
        command = ["paplay", f"--device={_air(microphone)}", "--latency-msec=1000", str(wav)]
        with subprocess.Popen(command, env=self._environment(), stderr=subprocess.PIPE) as player:
            yield
            _, problem = player.communicate(timeout=_SPEECH_LIMIT_S)
        if player.returncode:
            raise RuntimeError(f"paplay {wav}: {problem.decode(errors='replace')}")

    @contextmanager
    def listening(self, sample_rate: int = 16000) -> Generator[Recording]:
        """Record what the loudspeaker plays while the block runs; after it the recording is whole."""
        command = ["parec", f"--device={LOUDSPEAKER}.monitor", "--raw", "--format=s16le", "--channels=1"]
        command += [f"--rate={sample_rate}", "--latency-msec=50"]
        file = self._home / f"heard-{time.monotonic_ns()}.raw"
        with file.open("wb") as sink, subprocess.Popen(command, env=self._environment(), stdout=sink) as recorder:
            recording = Recording(file, sample_rate)
            try:
                recording.wait_for(_SILENCE_S)
                yield recording
                recording.wait_for(_SILENCE_S)
            finally:
                recorder.terminate()

    @contextmanager
    def echoing(self, microphone: str, *, gain_db: float = -12, latency_ms: int = 50) -> Generator[None]:
        """Let a microphone hear the loudspeaker while the block runs: a room.

        Parameters
        ----------
        gain_db, latency_ms
            Of the way from the one to the other; the latter grows when a busy machine stalls.
        """
        ends = (f"source={LOUDSPEAKER}.monitor", f"sink={_air(microphone)}")
        # Not adjusted: both ends have one clock, and a room does not stretch sound.
        module = self._load("module-loopback", *ends, f"latency_msec={latency_ms}", "adjust_time=0")
        inputs = json.loads(self._control("--format=json", "list", "sink-inputs"))
        (index,) = [entry["index"] for entry in inputs if entry["owner_module"] == module]
        self._control("set-sink-input-volume", str(index), f"{gain_db}dB")
        try:
            yield
        finally:
            self._control("unload-module", module)

    def stop(self) -> None:
        """End the sound server and remove what it wrote. Idempotent."""
        end_process(self._process, limit_s=5)
        shutil.rmtree(self._home, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
            *("--realtime=no", "--high-priority=yes", "--disable-shm=yes", "--log-target=stderr"),
            f"--load=module-native-protocol-unix socket={self._home / 'socket'} auth-anonymous=1",
            f"--load=module-null-sink sink_name={LOUDSPEAKER} rate=48000 "
            f"sink_properties=device.description={LOUDSPEAKER}",
        ]
        log = self._home / "pulseaudio.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(command, env=self._environment(), stdin=subprocess.DEVNULL, stderr=sink)
        deadline = time.monotonic() + _START_LIMIT_S
        while process.poll() is None and time.monotonic() < deadline:
            if self._ask("info").returncode == 0:
                return process
            time.sleep(0.02)
        process.kill()
        process.wait()
        raise RuntimeError(f"pulseaudio did not start:\n{log.read_text(errors='replace')}")

    def _environment(self) -> dict[str, str]:
        """Return an environment in which no setting and no server of the user's counts."""
        home = str(self._home)
        own = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PULSE_STATE_PATH"), home)
        return {**os.environ, **own, "PULSE_RUNTIME_PATH": home, "PULSE_SERVER": self.server}

    def _load(self, module: str, *arguments: str) -> str:
        return self._control("load-module", module, *arguments).strip()

    def _control(self, *arguments: str) -> str:
        done = self._ask(*arguments)
        if done.returncode:
            raise RuntimeError(f"pactl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["pactl", *arguments]
        return subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)


def _air(microphone: str) -> str:
    """Name the sink that a microphone hears."""
    return f"{microphone}-air"
