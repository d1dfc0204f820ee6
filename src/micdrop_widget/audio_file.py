"""Audio files of every kind that libsndfile reads, block by block, and two that it writes for a browser to play.

The only module that knows soundfile.
"""

from __future__ import annotations

import errno
import io
import shlex
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.audio_lengths import MendedFile, find_mending
from micdrop_widget.audio_samples import CHOOSE, Channel, PcmStream, check_channel
from micdrop_widget.errors import MicdropErrorCode, MissingPackageError
from micdrop_widget.wav_file import CALL_TRACKS, SOFTWARE

if TYPE_CHECKING:
    from soundfile import SoundFile

__all__ = ["encode", "looks_like_file", "read_bytes", "read_file", "read_path", "read_stereo"]

_BLOCK_FRAMES = 1 << 17
"""How many frames are read at once: 3 s at 44.1 kHz."""

_KINDS = {
    b"RIFF": "a WAV file",
    b"RF64": "a WAV file",
    b"riff": "a W64 file",
    b"FORM": "an AIFF file",
    b"fLaC": "a FLAC file",
    b"OggS": "an Ogg file",
    b"ID3": "an MP3 file",
    b"caff": "a CAF file",
    b".snd": "an AU file",
    b"\x1aE\xdf\xa3": "a WebM or Matroska file",
    b"0&\xb2u": "a Windows Media file",
    b"#!AMR": "an AMR file",
    b"MAC ": "a Monkey's Audio file",
    b"wvpk": "a WavPack file",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF file",
    b"version https://git-lfs": "a pointer of Git LFS; the file itself comes with “git lfs pull”",
}
"""The kinds of files by their first bytes. libsndfile reads the first nine."""

_READ_KINDS = tuple(_KINDS)[:9]

_LOSSY = {"VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"}
"""Samples decoded from these may go a little beyond full scale; they are clipped, as every player does."""


def looks_like_file(head: bytes) -> bool:
    """Return whether bytes begin as an audio file of a known kind does."""
    return head.startswith(_READ_KINDS) and not (head.startswith(b"RIFF") and head[8:12] != b"WAVE")


def read_path(path: str | PathLike[str], channel: Channel | None = None, choose: tuple[str, str] = CHOOSE) -> Pcm:
    """Return the samples of a file as int16 at 16 kHz.

    Parameters
    ----------
    path
        May begin with `~`.
    channel, choose
        As of `as_pcm`.

    Raises
    ------
    ValueError
        It is no audio file, or has several channels and none is chosen.
    OSError
        It is not there, or may not be read.
    """
    with _open(path) as file:
        return read_file(file, channel, str(path), choose)


def read_stereo(path: str | PathLike[str], left: int = 0, right: int | None = 1) -> NDArray[np.int16]:
    """Return two channels of a file as int16 at 16 kHz, of shape (n, 2).

    Parameters
    ----------
    path
        May begin with `~`.
    left, right
        Which channels, counted from 0. Without a right one, and in a file of one channel, the right side is silent.

    Raises
    ------
    ValueError
        It is no audio file, or has no such channel.
    OSError
        It is not there, or may not be read.
    """
    with _open(path) as file:
        soundfile = _import_soundfile()
        head = file.read(64)
        try:
            with _open_sequential(soundfile, MendedFile(file, find_mending(file))) as sound:
                chosen = [left] if right is None or sound.channels == 1 else [left, right]
                for channel in chosen:
                    check_channel(channel, sound.channels, str(path), ("user_channel=0", "assistant_channel=1"))
                tracks = _read_channels(sound, chosen, str(path), CHOOSE)
        except soundfile.LibsndfileError as error:
            raise ValueError(_unreadable(str(path), str(path), head, error.error_string, is_memory=False)) from error
    stereo = np.zeros((len(tracks[0]), 2), dtype=np.int16)
    for side, track in enumerate(tracks):
        stereo[:, side] = track
    return stereo


def _open(path: str | PathLike[str]) -> IO[bytes]:
    if isinstance(path, str) and "://" in path and not Path(path).exists():
        raise FileNotFoundError(
            errno.ENOENT, "An address is no path; download the file first, or pass what urlopen(…).read() returns", path
        )
    return Path(path).expanduser().open("rb")


def encode(samples: NDArray[np.int16], *, lossless: bool) -> bytes:
    """Return samples at 16 kHz, of shape (n,) or (n, channels), as a FLAC file, or as an Ogg Vorbis file."""
    soundfile = _import_soundfile()
    file = io.BytesIO()
    kind = ("FLAC", "PCM_16") if lossless else ("OGG", "VORBIS")
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(file, "w", SAMPLE_RATE, channels, format=kind[0], subtype=kind[1]) as sound:
        for begin in range(0, len(samples), _BLOCK_FRAMES):  # libsndfile's Vorbis keeps what is written on its stack
            sound.write(samples[begin : begin + _BLOCK_FRAMES])
    return file.getvalue()


def read_bytes(content: bytes | bytearray, channel: Channel | None, what: str, choose: tuple[str, str]) -> Pcm:
    """Return the samples of a file that is in memory; raises what `read_path` raises."""
    return read_file(io.BytesIO(content), channel, f"{what} ({len(content)} bytes)", choose, is_memory=True)


def read_file(
    file: IO[bytes], channel: Channel | None, what: str, choose: tuple[str, str], *, is_memory: bool = False
) -> Pcm:
    """Return the samples of an open file, from its beginning; raises what `read_path` raises.

    Parameters
    ----------
    file
        Opened for reading bytes. One that cannot go back (a pipe) is read from where it is, as a whole.
    channel, choose
        As of `as_pcm`.
    what
        What an error calls it.
    is_memory
        These are bytes of the user's, which may be samples as well as a file.
    """
    if not _can_seek(file):
        content = file.read()
        if isinstance(content, str):
            raise TypeError(f'{what}: the file is open for text; open it for bytes: open(path, "rb")')
        file = io.BytesIO(content)
    name = getattr(file, "name", None)
    path = name if isinstance(name, str) else None
    file.seek(0)
    head = file.read(64)
    if isinstance(head, str):
        raise TypeError(f'{what}: the file is open for text; open it for bytes: open(path, "rb")')
    soundfile = _import_soundfile()
    try:
        with _open_sequential(soundfile, MendedFile(file, find_mending(file))) as sound:
            return _read_blocks(sound, channel, what, choose)
    except soundfile.LibsndfileError as error:
        raise ValueError(_unreadable(what, path, head, error.error_string, is_memory)) from error


def _open_sequential(soundfile: ModuleType, file: MendedFile) -> SoundFile:
    """Open a file to be read from its beginning to its end, and never elsewhere.

    soundfile seeks to where it is after every block it reads, which costs time in some kinds of files and fails at
    the end of a FLAC file of unknown length.
    """

    class Sequential(soundfile.SoundFile):  # type: ignore[name-defined, misc]  # loaded late
        def seekable(self) -> bool:
            return False

    sound: SoundFile = Sequential(file)
    return sound


def _read_blocks(sound: SoundFile, channel: Channel | None, what: str, choose: tuple[str, str]) -> Pcm:
    if channel is None and sound.channels == 2 and (sound.software, sound.comment) == (SOFTWARE, CALL_TRACKS):
        channel = 0
    check_channel(channel, sound.channels, what, choose)
    return _read_channels(sound, [channel], what, choose)[0]


def _read_channels(
    sound: SoundFile, channels: Sequence[Channel | None], what: str, choose: tuple[str, str]
) -> list[Pcm]:
    exact = sound.subtype in ("PCM_16", "PCM_S8", "PCM_U8", "ALAC_16")
    block = np.empty((_BLOCK_FRAMES, sound.channels), dtype=np.int16 if exact else np.float32)
    streams = [PcmStream(sound.samplerate, channel=channel, what=what, choose=choose) for channel in channels]
    pcms = [bytearray() for _ in streams]  # they grow in place: a list of blocks would be there twice in the end
    while len(frames := sound.read(out=block)):
        if sound.subtype in _LOSSY:
            np.clip(frames, -1, 1, out=frames)
        for number, stream in enumerate(streams):
            pcms[number] += stream.push_frames(frames).data
    for number, stream in enumerate(streams):
        pcms[number] += stream.finish().data
    return [np.frombuffer(pcm, dtype=np.int16) for pcm in pcms]


def _can_seek(file: IO[bytes]) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable()) if callable(seekable) else hasattr(file, "seek")


def _import_soundfile() -> ModuleType:
    try:
        import soundfile  # noqa: PLC0415 - loads libsndfile, where a file is read
    except (ImportError, OSError) as error:  # the package without the library below it is an OSError
        raise MissingPackageError(
            MicdropErrorCode.Unknown,
            f"Audio files are read by the package soundfile and its libsndfile, which cannot be loaded ({error}).",
            "Install them (pip install soundfile; where it brings no library: apt install libsndfile1, apk add "
            "libsndfile, brew install libsndfile), or pass samples.",
        ) from error
    module: ModuleType = soundfile
    return module


def _unreadable(what: str, path: str | None, head: bytes, reason: str, is_memory: bool) -> str:
    """Return the error message for a file that cannot be read: which one, its kind, and how to convert it."""
    kind = _kind(head)
    if is_memory and kind == _UNKNOWN:
        return (
            f"{what}: the bytes of an audio file were expected, and these are of no known kind ({reason}). If they are "
            'samples, say of which type: np.frombuffer(data, dtype="<i2")'
        )
    source = Path("the-file" if path is None else path)
    unpack = _UNPACKED_BY.get(kind)
    if unpack is not None:
        return f"{what} is {kind}. Unpack it first: {unpack.format(shlex.quote(str(source)))}"
    target = source.with_suffix(".wav")
    if target == source:
        target = source.with_name(f"{source.stem}-converted.wav")
    command = f"ffmpeg -i {shlex.quote(str(source))} -ar {SAMPLE_RATE} {shlex.quote(str(target))}"
    return f"{what} is {kind} that cannot be read ({reason}). Convert it first: {command}"


_UNKNOWN = "of a kind"

_UNPACKED_BY = {"a ZIP archive": "python -m zipfile -e {} .", "a gzip archive": "gunzip -k {}"}


def _kind(head: bytes) -> str:
    if not head:
        return "an empty file"
    for magic, name in _KINDS.items():
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return "an MPEG-4 file (m4a, mp4)"
    if head[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return "an AAC file"
    if head[:1] == b"\xff" and head[1] & 0xE0 == 0xE0:
        return "an MP3 file"
    if head.lstrip()[:1] == b"<":
        return "a web page or another text with marks"
    if head.isascii() and b"\0" not in head:
        return "a text file"
    return _UNKNOWN
