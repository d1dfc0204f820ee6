"""The file of a recording beside a disk that works, is full, stalls, or comes back."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.history.recording_file import MAX_PENDING_SAMPLES, RecordingFile
from micdrop_widget.history.tracks import Silence
from micdrop_widget.wav_file import GrowingWavFile, wav_header

SECOND = np.arange(1, 32_001, dtype=np.int16).reshape(-1, 2)


class Failures(list[MicdropError]):
    """What a file reported."""

    def __init__(self) -> None:
        super().__init__()
        self.any = threading.Event()

    def __call__(self, error: MicdropError) -> None:
        self.append(error)
        self.any.set()


def read(path: Path) -> NDArray[np.int16]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def eventually(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.002)


def stalled_pipe(tmp_path: Path) -> Path:
    """Return a pipe that nobody reads: it takes 64 kB, then every write waits."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_pieces_are_written_in_order_and_the_file_is_complete_when_it_is_closed(tmp_path: Path) -> None:
    failures, closed = Failures(), threading.Event()
    file = RecordingFile(tmp_path / "call.wav", failures)
    file.add([SECOND, Silence(16_000)])
    eventually(lambda: file.path.exists() and file.path.stat().st_size >= len(wav_header(0, 2)) + 4 * 32_000)
    file.add([SECOND])
    file.close(closed.set)
    assert closed.wait(10)
    assert np.array_equal(read(file.path), np.concatenate([SECOND, np.zeros_like(SECOND), SECOND]))
    file.add([SECOND])
    again = threading.Event()
    file.close(again.set)
    assert again.is_set()
    file.give_up()
    assert file.path.stat().st_size == len(wav_header(0, 2)) + 4 * 48_000
    assert failures == []


def test_a_file_without_a_sample_is_never_made(tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "call.wav", Failures())
    file.add([])
    file.close()
    assert file.wait_closed(10)
    assert os.listdir(tmp_path) == []


def test_a_disk_that_stalls_gets_a_minute_and_holds_up_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = stalled_pipe(tmp_path)
    failures = Failures()
    file = RecordingFile(path, failures)
    slowest_s = 0.0
    for _ in range(63):
        began_s = time.perf_counter()
        file.add([SECOND])
        slowest_s = max(slowest_s, time.perf_counter() - began_s)
    (error,) = failures
    assert error.code is MicdropErrorCode.Unknown
    assert error.message.endswith("the disk has taken nothing while 60 s of sound were waiting.")
    assert error.remedy.startswith("The last 10 minutes of the call are in memory")
    assert [record.message for record in caplog.records] == [f"record: {error.message}"]
    assert slowest_s < 1
    file.add([SECOND])
    file.give_up()
    assert len(failures) == 1, "once"
    file.close()
    drain(path)
    assert file.wait_closed(10), "the thread ends when the disk lets it"


def drain(path: Path) -> None:
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while os.read(reader, 1 << 20):
            pass
    except BlockingIOError:
        pass
    finally:
        os.close(reader)


def test_silence_waits_for_a_disk_without_an_end(tmp_path: Path) -> None:
    failures = Failures()
    file = RecordingFile(stalled_pipe(tmp_path), failures)
    file.add([SECOND, SECOND])
    for _ in range(100):
        file.add([Silence(MAX_PENDING_SAMPLES)])
    assert failures == []
    file.give_up()
    drain(file.path)
    file.close()
    assert file.wait_closed(10)


def test_minutes_that_arrive_at_once_are_written(tmp_path: Path) -> None:
    failures = Failures()
    file = RecordingFile(tmp_path / "call.wav", failures)
    minutes = np.tile(SECOND, (180, 1))
    file.add([minutes])
    file.close()
    assert file.wait_closed(10)
    assert failures == []
    assert np.array_equal(read(tmp_path / "call.wav"), minutes)


def test_a_disk_that_takes_the_rest_too_late_is_given_up_at_the_end(tmp_path: Path) -> None:
    failures, closed = Failures(), threading.Event()
    file = RecordingFile(stalled_pipe(tmp_path), failures)
    file.add([SECOND, SECOND])
    file.close(closed.set)
    assert not file.wait_closed(0.05)
    file.give_up()
    (error,) = failures
    assert error.message.endswith("the disk took longer than 2 s to take the rest.")
    drain(file.path)
    assert closed.wait(10)


def test_a_full_disk_ends_the_file(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "micdrop_widget.history.writer"):
        failures = Failures()
        file = RecordingFile(Path("/dev/full"), failures)
        file.add([SECOND])
        assert failures.any.wait(10)
        assert file.wait_closed(10)
    said = "The recording in '/dev/full' ends after 0.0 s: No space left on device."
    assert [error.message for error in failures] == [said]
    assert caplog.messages == [f"record: {said}"]


def test_a_path_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    failures = Failures()
    with pytest.raises(OSError, match=r"record: '.*/call.wav' cannot be written \(No such file or directory\)\. Give"):
        RecordingFile(tmp_path / "no" / "call.wav", failures)
    assert failures == []


def test_a_disk_that_needs_long_to_refuse_is_reported_later(tmp_path: Path) -> None:
    before = RecordingFile(stalled_pipe(tmp_path), Failures())
    before.add([SECOND, SECOND])
    failures = Failures()
    file = RecordingFile(tmp_path / "no" / "call.wav", failures, after=before)
    file.add([SECOND])
    assert failures == []
    before.give_up()
    drain(before.path)
    assert failures.any.wait(10)
    assert failures[0].message.endswith("ends after 0.0 s: No such file or directory.")
    assert file.wait_closed(10)


def test_the_next_file_of_the_same_path_waits_for_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    first = RecordingFile(path, Failures())
    first.add([SECOND] * 20)
    first.close()
    second = RecordingFile(path, Failures(), after=first)
    second.add([SECOND])
    second.close()
    assert second.wait_closed(10)
    assert np.array_equal(read(path), SECOND)


def test_a_process_that_ends_during_a_call_leaves_a_complete_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    program = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from micdrop_widget.history.recording_file import RecordingFile\n"
        "file = RecordingFile(Path(sys.argv[1]), print)\n"
        "file.add([np.ones((16_000 * 50, 2), np.int16)])\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)
    assert len(read(path)) == 800_000


def test_a_disk_that_fails_with_the_close_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network disk may take every write and say only then that it kept none of them."""

    def close(_: GrowingWavFile) -> None:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr(GrowingWavFile, "close", close)
    failures = Failures()
    file = RecordingFile(tmp_path / "call.wav", failures)
    file.add([SECOND])
    file.close()
    assert file.wait_closed(10)
    assert [error.message.rpartition(": ")[2] for error in failures] == ["Disk quota exceeded."]
