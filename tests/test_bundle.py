"""The committed front-end bundle is that of the sources beside it; installing needs no Node."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.paths import ROOT

SOURCES = ROOT / "js" / "src"
STATIC = ROOT / "src" / "micdrop_widget" / "static"
BUNDLE = [
    *("widget.js", "widget.css", "page.html", "page.css", "page.js", "icon.svg"),
    *("capture-processor.js", "playback-processor.js"),
]


def hash_of_sources() -> str:
    digest = hashlib.sha256()
    files = {file.relative_to(SOURCES).as_posix(): file for file in SOURCES.rglob("*") if file.is_file()}
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name].read_bytes() + b"\0")
    return digest.hexdigest()


@pytest.mark.parametrize("bundle", BUNDLE)
def test_the_bundle_is_that_of_its_sources(bundle: str) -> None:
    first_line = (STATIC / bundle).read_text().partition("\n")[0]
    assert f"sources sha256:{hash_of_sources()}" in first_line, "stale: run `npm run build` in js/ and commit"


@pytest.mark.parametrize("bundle", BUNDLE)
def test_the_bundle_asks_for_nothing_on_the_network(bundle: str) -> None:
    text = (STATIC / bundle).read_text()
    for address in ("http://", "https://", "@import"):
        assert address not in text.replace("http://www.w3.org/2000/svg", "").replace("https://HOST", "")


def test_nothing_else_is_in_the_bundle() -> None:
    assert sorted(file.name for file in STATIC.iterdir()) == sorted(BUNDLE)


def test_the_lock_file_names_no_host() -> None:
    packages = json.loads((ROOT / "js" / "package-lock.json").read_text())["packages"]
    assert not any("resolved" in package for package in packages.values())
