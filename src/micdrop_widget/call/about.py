"""Describes a call as a whole for its file: versions, options, detectors, carrier. Nothing that may be secret."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from micdrop_widget._settings import Configurable, setting_values
from micdrop_widget.call.options import CallOptions, masked_url
from micdrop_widget.devices import Microphone
from micdrop_widget.vad import VAD
from micdrop_widget.vad.combine import detectors

__all__ = ["MASK", "describe_call", "describe_options", "versions"]

MASK = "…"
"""What stands for an option that was given and may be secret."""

_SECRET = ("params", "headers", "subprotocols", "proxy", "ssl")
"""Options of which the description says only that they were given."""

_PACKAGES = ("micdrop-widget", "numpy", "onnxruntime", "websockets", "anywidget", "ipykernel")


def describe_call(
    options: CallOptions,
    detector: VAD,
    microphone: Microphone | None,
    transport: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what is known of a call as a whole, as a JSON object.

    Parameters
    ----------
    options, detector
        Those in use.
    microphone
        The one that is open; its name is not kept.
    transport
        How the call is carried, and how well: JSON values.
    """
    members = [_described(member) for member in detectors(detector)]
    return {
        "versions": versions(),
        "options": describe_options(options),
        "vad": members[0] if len(members) == 1 else members,
        "turn_detector": None if options.turn_detector is None else _described(options.turn_detector),
        "microphone": None if microphone is None else _processing(microphone),
        "transport": dict(transport),
    }


def describe_options(options: CallOptions) -> dict[str, Any]:
    """Return options as JSON values; those that may be secret as `MASK`, or None where they were not given."""
    described: dict[str, Any] = {}
    for option in fields(CallOptions):
        value = getattr(options, option.name)
        if option.name in _SECRET:
            described[option.name] = value if value is None or value is True else MASK
        elif option.name == "url":
            described["url"] = None if value is None else masked_url(value)
        elif option.name == "reconnect":
            described["reconnect"] = asdict(value)
        elif option.name in ("vad", "turn_detector"):
            described[option.name] = value if value is None or isinstance(value, str) else _name_of(value)
        else:
            described[option.name] = value if isinstance(value, bool | int | float | None) else str(value)
    return described


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that shape a call."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _described(detector: Configurable) -> dict[str, Any]:
    return {"name": type(detector).__name__, "settings": setting_values(detector)}


def _name_of(detector: object) -> str | list[str]:
    if isinstance(detector, VAD):
        names = [type(member).__name__ for member in detectors(detector)]
        return names[0] if len(names) == 1 else names
    if isinstance(detector, list | tuple):
        return [member if isinstance(member, str) else type(member).__name__ for member in detector]
    return type(detector).__name__


def _processing(microphone: Microphone) -> dict[str, Any]:
    names = ("sample_rate", "echo_cancellation", "noise_suppression", "auto_gain_control")
    return {name: getattr(microphone, name) for name in names}
