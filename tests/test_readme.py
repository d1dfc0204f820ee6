"""The tables of docs/reference.md name what the code has, all of it, and nothing else."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_args

import pytest

import micdrop_widget
from micdrop_widget import MicdropClient, MicdropErrorCode, MicdropState, MicdropWidget, Reconnect
from micdrop_widget.call.options import CallOptions
from micdrop_widget.protocol import EventName
from tests.paths import ROOT

README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def named_in(heading: str) -> list[str]:
    """Return the names in the first column of the table under a heading."""
    section = REFERENCE.split(f"## {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Options", [field.name for field in fields(CallOptions)]),
        ("State", [field.name for field in fields(MicdropState)]),
        ("Events", list(get_args(EventName))),
        ("Error codes", [code.value for code in MicdropErrorCode]),
    ],
)
def test_a_table_names_what_the_code_has(heading: str, names: list[str]) -> None:
    assert sorted(named_in(heading)) == sorted(names)


def test_the_defaults_in_the_table_are_those_of_the_code() -> None:
    section = REFERENCE.split("## Options\n", 1)[1].split("\n#", 1)[0]
    options = CallOptions()
    for line in section.splitlines():
        if line.startswith("| `"):
            name, _, default = (cell.strip(" `") for cell in line.split("|")[1:4])
            assert eval(default, {"Reconnect": Reconnect}) == getattr(options, name), name


def test_both_clients_have_the_methods_that_the_reference_names() -> None:
    sentence = REFERENCE.split("Both have ", 1)[1].split(".", 1)[0]
    methods = re.findall(r"`([a-z_]+)\b", sentence)
    assert len(methods) >= 12
    for method in methods:
        assert hasattr(MicdropClient, method)
        assert hasattr(MicdropWidget, method)


def test_every_link_within_the_repository_leads_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_everything_exported_is_documented() -> None:
    documented = README + REFERENCE + (ROOT / "CHANGELOG.md").read_text()
    for name in micdrop_widget.__all__:
        assert name in documented, name
