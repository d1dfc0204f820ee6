"""What a killed process leaves of a call can be loaded; `scripts/soak kills` does it a hundred times."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.paths import ROOT


def test_processes_that_are_killed_at_any_moment_leave_calls_that_load() -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak.kills", "--kills", "10", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == 0, killed.stdout + killed.stderr
    summary = re.fullmatch(
        r"10 killed, (\d+) had begun, (\d+) turns loaded, settled and lost at most .*, 0 wrong",
        killed.stdout.splitlines()[-1],
    )
    assert summary is not None, killed.stdout
    assert int(summary[1]) >= 1
