"""`python -m benchmarks.soak`: hold a call in JupyterLab and Chromium, and tell whether memory stays where it is."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import psutil

from benchmarks.browser.harness import start_call
from benchmarks.browser.undriven import undriven_notebook
from benchmarks.soak.samples import Sample, Trend, look, trends, watch_contexts
from benchmarks.speech import SENTENCE

_CALL = """
import os
from micdrop_widget import MicdropServer, MicdropWidget
from micdrop_widget.server import echo

async def respond(server_call, utterance):
    await server_call.send_message("user", "a sentence")
    await echo(server_call, utterance)

# Jupyter remembers the signatures of its latest messages; the first half hour of a call fills that by 12 MB.
session = get_ipython().kernel.session
session.digest_history.update(os.urandom(32).hex().encode() for _ in range(session.digest_history_size))

server = MicdropServer(respond).start()
call = MicdropWidget(server.url, record=False)
call
"""

_MOST_MB_AN_HOUR = 5
_FLAT = ("kernel_rss_mb", "page_rss_mb", "page_heap_mb")
"""What must not grow by more than that."""

_STEADY = ("kernel_threads", "audio_contexts")
"""What must not grow at all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold the call.

    Returns
    -------
    int
        0 when memory is flat within 5 MB an hour and no thread or audio context was added, otherwise 1.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.minutes - options.warm_up) * 60 < 4 * options.every:
        parser.error("too short to say whether anything grows: fewer than 4 looks after the warm-up")
    samples: list[Sample] = []
    with undriven_notebook(_CALL, microphone=SENTENCE) as undriven:
        notebook = undriven.notebook
        watch_contexts(notebook)
        notebook.run_cell(0)
        kernel = psutil.Process(notebook.kernel.eval("__import__('os').getpid()"))
        start_call(notebook)
        undriven.let_go()
        began_s = time.monotonic()
        while time.monotonic() - began_s < options.minutes * 60:
            time.sleep(options.every)
            samples.append(look(undriven, kernel, began_s))
            print(samples[-1].line(), flush=True)
    settled = [sample for sample in samples if sample.at_s >= options.warm_up * 60]
    return _tell(trends(settled))


def _tell(found: Sequence[Trend]) -> int:
    grown = []
    for trend in found:
        print(f"{trend.name:<18}{trend.first:>12.1f} -> {trend.last:>10.1f}   {trend.slope_an_hour:>+10.1f} an hour")
        if trend.name in _FLAT and trend.slope_an_hour > _MOST_MB_AN_HOUR:
            grown.append(trend.name)
        if trend.name in _STEADY and trend.last > trend.first:
            grown.append(trend.name)
    print(f"grows: {', '.join(grown)}" if grown else f"flat within {_MOST_MB_AN_HOUR} MB an hour")
    return int(bool(grown))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/soak", description="Hold a call, and tell whether memory stays where it is."
    )
    parser.add_argument("--minutes", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--warm-up", type=float, default=10, help="minutes that do not count (default: 10)")
    parser.add_argument("--every", type=float, default=300, help="seconds between two looks (default: 300)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
