"""The figures as text for people, and as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from benchmarks.figures import Figure
from benchmarks.rows import Row

__all__ = ["as_json", "heading", "machine", "table"]

_WHAT = 56
_NUMBER = 10
_AIM = 15


def machine() -> dict[str, Any]:
    """Return what the figures depend on, the load apart, which changes from row to row."""
    packages = ("numpy", "onnxruntime", "anywidget", "ipykernel", "jupyterlab", "websockets")
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **{package: version(package) for package in packages},
    }


def heading(quick: bool) -> str:
    """Return what stands above all rows."""
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    words = "A smoke run: too few values to mean anything.\n" if quick else ""
    columns = "".join(f"{name:>{_NUMBER}}" for name in ("p50", "p95", "max", "n"))
    return f"{facts}\n{words}\n{'':{_WHAT}}{columns}   {'aim':<{_AIM}}met  note"


def table(row: Row, load: float, figures: Sequence[Figure]) -> str:
    """Return one row of the table, its figures one a line; `load` is that of the minute before it was measured."""
    return "\n".join([f"{row.name}: {row.what} (load before: {load:.1f})", *(_line(figure) for figure in figures), ""])


def as_json(row: Row, load: float, figures: Sequence[Figure]) -> dict[str, Any]:
    """Return one row for `--json`."""
    return {
        "name": row.name,
        "what": row.what,
        "load": round(load, 2),
        "figures": [{**asdict(figure), "met": figure.is_met} for figure in figures],
    }


def _line(figure: Figure) -> str:
    if figure.values is None:
        return f"  {figure.what}: {figure.note}"
    values = (figure.values.p50, figure.values.p95, figure.values.max)
    numbers = "".join(f"{_number(value, figure.unit):>{_NUMBER}}" for value in values)
    aim = f"{figure.aim.statistic} ≤ {_number(figure.aim.at_most, figure.unit)}" if figure.aim else ""
    met = {None: "", True: "yes", False: "NO"}[figure.is_met]
    words = f"  {figure.what}"
    return f"{words:<{_WHAT}}{numbers}{figure.values.n:>{_NUMBER}}   {aim:<{_AIM}}{met:<5}{figure.note}".rstrip()


def _number(value: float, unit: str) -> str:
    digits = 0 if unit == "" or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {unit}".rstrip()
