"""What a call holds at one moment, and whether that grows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import psutil

from benchmarks.browser.undriven import UndrivenNotebook
from tests.e2e.notebook import Notebook

__all__ = ["Sample", "Trend", "look", "trends", "watch_contexts"]

_CONTEXTS = """
(() => {
  const contexts = (window.__contexts = []);
  const { AudioContext } = window;
  window.AudioContext = class extends AudioContext {
    constructor(...all) {
      super(...all);
      contexts.push(new WeakRef(this));
    }
  };
})();
"""
"""Counts the page's audio contexts and keeps none alive."""

_OPEN_CONTEXTS = "window.__contexts.filter((ref) => ref.deref() && ref.deref().state !== 'closed').length"

_COLLECT = "__import__('gc').collect()"
_THREADS = "__import__('threading').active_count()"
_OBJECTS = "len(__import__('gc').get_objects())"


@dataclass(frozen=True, slots=True)
class Sample:
    """What a call holds once kernel and page have collected their garbage; all but the first is reported."""

    at_s: float
    turns: int
    kernel_rss_mb: float
    kernel_objects: int
    kernel_threads: int
    page_garbage_mb: float
    """Resident memory that the collection gave back: a page that has no need collects seldom."""
    page_rss_mb: float
    """Resident memory of the page's process."""
    page_heap_mb: float
    """Used by the page's JavaScript."""
    nodes: int
    listeners: int
    audio_contexts: int

    def line(self) -> str:
        """Return it as one line of text."""
        words = (f"{field.name} {getattr(self, field.name):g}" for field in fields(self)[1:])
        return f"{self.at_s / 60:6.1f} min  " + "  ".join(words)


@dataclass(frozen=True, slots=True)
class Trend:
    """How one field went after the warm-up: by a straight line through the medians of its two halves."""

    name: str
    first: float
    last: float
    slope_an_hour: float


def watch_contexts(notebook: Notebook) -> None:
    """Count audio contexts from now on; before the call is started."""
    notebook.page.evaluate(_CONTEXTS)


def look(undriven: UndrivenNotebook, kernel: psutil.Process, began_s: float) -> Sample:
    """Collect the garbage of kernel and page, and take a sample."""
    notebook = undriven.notebook
    notebook.kernel.eval(_COLLECT)
    threads, objects, turns, started = notebook.kernel.eval(
        f"[{_THREADS}, {_OBJECTS}, len(call.turns), call.isStarted]"
    )
    if not started:
        raise RuntimeError(f"the call is over: {notebook.kernel.eval('repr(call.error)')}")
    with undriven.debugger() as page:
        before_mb = _page_rss_mb(undriven)
        page.collect_garbage()
        page_rss_mb = _page_rss_mb(undriven)
        page.ask("Performance.enable")
        metrics = {metric["name"]: metric["value"] for metric in page.ask("Performance.getMetrics")["metrics"]}
        page.ask("Performance.disable")
        contexts = page.evaluate(_OPEN_CONTEXTS)
    return Sample(
        at_s=time.monotonic() - began_s,
        turns=turns,
        kernel_rss_mb=_rss_mb(kernel),
        kernel_objects=objects,
        kernel_threads=threads,
        page_garbage_mb=round(before_mb - page_rss_mb, 1),
        page_rss_mb=page_rss_mb,
        page_heap_mb=round(metrics["JSHeapUsedSize"] / 2**20, 2),
        nodes=int(metrics["Nodes"]),
        listeners=int(metrics["JSEventListeners"]),
        audio_contexts=contexts,
    )


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """Return how each field went from the first half of the samples to the second."""
    half = len(samples) // 2
    found = []
    for field in fields(samples[0])[1:]:
        values = np.array([getattr(sample, field.name) for sample in samples], dtype=np.float64)
        first, last = float(np.median(values[:half])), float(np.median(values[half:]))
        hours = float(np.mean([s.at_s for s in samples[half:]]) - np.mean([s.at_s for s in samples[:half]])) / 3600
        found.append(Trend(field.name, first, last, (last - first) / hours))
    return found


def _page_rss_mb(undriven: UndrivenNotebook) -> float:
    """Return the resident memory of the largest of the renderers, which has the page."""
    return max(_rss_mb(each) for each in undriven.browser_processes() if "--type=renderer" in " ".join(each.cmdline()))


def _rss_mb(process: psutil.Process) -> float:
    return round(float(process.memory_info().rss) / 2**20, 1)
