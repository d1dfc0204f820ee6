"""Opens the package's neural networks in onnxruntime. The only module that knows onnxruntime."""

from __future__ import annotations

from importlib.resources import as_file, files
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from micdrop_widget.errors import MicdropErrorCode, MissingPackageError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["open_session"]

_open: WeakValueDictionary[str, InferenceSession] = WeakValueDictionary()
"""The packaged networks that are in memory: a session has no state of its own, so all calls share one."""


def open_session(
    package: str, name: str, inputs: set[str], *, path: str | PathLike[str] | None = None, user: str
) -> InferenceSession:
    """Open a network on one thread: a window takes 0.2 ms, too short to share out, and the call needs the other cores.

    Parameters
    ----------
    package, name
        The packaged ONNX file: it is in the folder `models` of this package, by this name.
    inputs
        The names that the network's inputs must have.
    path
        The path of another ONNX file of the same interface.
    user
        The class that runs it, as errors name it.

    Raises
    ------
    MissingPackageError
        onnxruntime is not installed.
    FileNotFoundError
        There is no such file.
    ValueError
        The file is no such network.
    """
    if path is not None:
        own = Path(path).expanduser()
        if not own.is_file():
            raise FileNotFoundError(f"{user}(model={str(path)!r}): there is no such file")
        return _load(own, inputs, user)
    session = _open.get(name)
    if session is None:
        with as_file(files(package) / "models" / name) as packaged:
            session = _open[name] = _load(packaged, inputs, user)
    return session


def _load(path: Path, inputs: set[str], user: str) -> InferenceSession:
    try:
        import onnxruntime  # noqa: PLC0415 - takes as long to import as all the rest together
    except ImportError as error:
        raise MissingPackageError(
            MicdropErrorCode.Mic,
            f"{user} needs the package onnxruntime, which cannot be imported here ({error}).",
            'Install it (pip install onnxruntime) where it exists for this system, or use vad="volume", '
            "which needs no neural network, and no turn_detector.",
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # On processors with AVX2 but without VNNI, sums of int8 products overflow and the answers are others, unless:
    options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        session: InferenceSession = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own exceptions, which have no public base
        raise ValueError(f"{user}(model={str(path)!r}): no ONNX file that onnxruntime reads ({error})") from error
    names = {model_input.name for model_input in session.get_inputs()}
    if names != inputs:
        raise ValueError(
            f"{user}(model={str(path)!r}): expected a network with the inputs {', '.join(sorted(inputs))}, "
            f"got {', '.join(sorted(names))}"
        )
    return session
