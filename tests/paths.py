"""Where the files are that tests read."""

from pathlib import Path

__all__ = ["DOCS", "FIXTURES", "FRONT_END", "NOTEBOOKS", "PACKAGE", "ROOT", "TESTS"]

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
FIXTURES = TESTS / "fixtures"
DOCS = ROOT / "docs"
NOTEBOOKS = ROOT / "notebooks"
PACKAGE = ROOT / "src" / "micdrop_widget"
FRONT_END = ROOT / "js" / "src"
