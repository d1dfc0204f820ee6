"""`python -m benchmarks [NAME …]`: measure the named rows, or all of them, and print them as a table."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.against import ROWS as ROWS_COMPARED
from benchmarks.against import compare
from benchmarks.figures import faults
from benchmarks.rows import ROWS, Row
from benchmarks.table import as_json, heading, machine, table

_NAMES = {row.name: row for row in ROWS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks.

    Returns
    -------
    int
        0 when every row was measured, whether or not its aim is met; 1 when one could not be measured, or gave a
        figure that cannot be.
    """
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(f"{row.name:<15}{row.what}" for row in ROWS))
        return 0
    if options.against is not None:
        return compare(options.against, options.rows, rounds=options.rounds, quick=options.quick)
    rows = [_NAMES[name] for name in options.rows] or [row for row in ROWS if not _is_left_out(row, options.quick)]
    print(heading(options.quick), flush=True)
    measured: list[dict[str, Any]] = []
    failed = False
    for row in rows:
        load = os.getloadavg()[0]
        try:
            figures = row.measure(options.quick)
        except Exception:  # noqa: BLE001 - one row that fails does not take the others with it
            print(f"{row.name}: could not be measured\n{traceback.format_exc()}", file=sys.stderr)
            failed = True
            continue
        print(table(row, load, figures), flush=True)
        for fault in faults(figures):
            print(f"{row.name}: impossible: {fault}", file=sys.stderr)
            failed = True
        measured.append(as_json(row, load, figures))
    if options.json is not None:
        options.json.write_text(
            json.dumps({"machine": machine(), "quick": options.quick, "rows": measured}, indent=2) + "\n"
        )
    return int(failed)


def _is_left_out(row: Row, quick: bool) -> bool:
    return row.only_named or (quick and row.needs_browser)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure what things cost.")
    parser.add_argument("rows", nargs="*", metavar="NAME", type=_name, help="rows to measure (default: all)")
    parser.add_argument("--list", action="store_true", help="name the rows and measure nothing")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a smoke run of a few seconds: few repetitions and, unless named, no row that needs a browser",
    )
    parser.add_argument(
        "--against",
        metavar="REVISION",
        help=f"measure another revision and this one in turn, as ratios (default rows: {', '.join(ROWS_COMPARED)})",
    )
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured with --against (default: 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    return parser


def _name(name: str) -> str:
    if name not in _NAMES:
        raise argparse.ArgumentTypeError(f"there is no row {name!r}: expected one of {', '.join(_NAMES)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
