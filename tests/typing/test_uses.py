"""What a type checker says of right and wrong uses of the API."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT

USES = Path(__file__).with_name("uses.py")


def test_mypy_accepts_every_right_use_and_refuses_every_wrong_one() -> None:
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", str(USES)]
    report = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False).stdout
    found = [
        (int(line), code)
        for line, code in re.findall(r"^tests/typing/uses\.py:(\d+): error: .* \[([a-z-]+)\]$", report, re.MULTILINE)
    ]
    expected = [
        (number, code)
        for number, text in enumerate(USES.read_text().splitlines(), 1)
        for code in re.findall(r"# E: ([a-z-]+)$", text)
    ]
    assert len(expected) > 30
    assert sorted(found) == expected, report
