"""Calls that cannot be: each says what it is and what to do, and leaves nothing running."""

from __future__ import annotations

import pytest

from micdrop_widget.server import CallRefused
from tests.harness.chromium import Microphone, Permission
from tests.page.calls import HeldCall, Opener, result, wait_until

REFUSE = "navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('no', '{}'); }};"

NO_CAPTURE = """
AudioContext.prototype.createMediaStreamSource = () => {
  throw new DOMException("not at this rate", "NotSupportedError");
};
"""

IN_VS_CODE = """
const agent = `${navigator.userAgent} Code/1.100.3 Electron/34.5.1`;
Object.defineProperty(navigator, "userAgent", { value: agent });
"""

WITHOUT_WORKLETS = "delete window.AudioWorkletNode;"


def assert_failed(held: HeldCall, code: str, *texts: str) -> None:
    """Check that the call has failed as told, with these texts in the panel, and that nothing is left running."""
    wait_until(lambda: held.errors and not held.call.isStarting)
    held.page.wait_for_text(texts[0], "error")
    said = held.page.text("error")
    for text in texts:
        assert text in said
    assert held.call.error is not None
    assert held.call.error.code.value == code
    assert held.errors == [code]
    assert [name for name in held.call.trait_names() if name.startswith("is") and getattr(held.call, name)] == []
    assert all(track.ready_state == "ended" for track in held.page.tracks())
    assert "Start" in held.page.text("start")


@pytest.mark.parametrize(
    ("script", "texts"),
    [
        (WITHOUT_WORKLETS, ("AudioWorklet", "Use a current")),
        (
            NO_CAPTURE,
            ("neither at 16 kHz nor at the microphone's own rate (NotSupportedError", "Use a current"),
        ),
        (REFUSE.format("NotReadableError"), ("in use by another program", "Close the program")),
        (
            REFUSE.format("NotAllowedError") + IN_VS_CODE,
            ("VS Code gives its notebooks no microphone", "jupyter lab"),
        ),
    ],
    ids=["no worklets", "no capture", "in use", "VS Code"],
)
def test_a_browser_that_cannot(open_call: Opener, script: str, texts: tuple[str, ...]) -> None:
    held = open_call(script=script)
    held.page.press("start")
    assert_failed(held, "Mic", *texts)


@pytest.mark.parametrize(
    ("microphone", "permission", "text"),
    [(None, "denied", "Allow the microphone"), ("absent", "granted", "Plug one in")],
)
def test_no_microphone(open_call: Opener, microphone: Microphone, permission: Permission, text: str) -> None:
    held = open_call(microphone=microphone, permission=permission)
    held.page.press("start")
    assert_failed(held, "Mic", text)
    assert held.server.calls == []


def test_a_call_without_url_names_the_argument(open_call: Opener) -> None:
    held = open_call(url=None)
    held.page.press("start")
    assert_failed(held, "MissingUrl", "has no url", "MicdropWidget(url=")


def test_a_server_that_is_not_there(open_call: Opener) -> None:
    held = open_call(url="ws://127.0.0.1:9")
    held.page.press("start")
    assert_failed(held, "Connection", "refused the connection", "Start the server")


def refuse(params: object) -> None:
    raise CallRefused(4401, "no such token")


def test_a_server_that_refuses(open_call: Opener) -> None:
    held = open_call(open_call.serve(check_params=refuse), params={"token": "wrong"})
    held.page.press("start")
    assert_failed(held, "Unauthorized", "no such token", "valid token")


def test_a_start_that_is_mended_clears_the_error(open_call: Opener) -> None:
    held = open_call(url=None)
    held.page.press("start")
    wait_until(lambda: held.errors == ["MissingUrl"])
    result(held.call.start(url=held.server.url))
    assert (held.call.isStarted, held.call.error) == (True, None)
    held.page.part("error").wait_for(state="hidden")


def test_a_page_of_another_machine_over_plain_http_says_that_only_secure_pages_get_a_microphone(
    open_call: Opener,
) -> None:
    held = open_call(host="notebook.test", arguments=("--host-resolver-rules=MAP notebook.test 127.0.0.1",))
    assert held.page.evaluate("window.isSecureContext") is False
    held.page.press("start")
    address = held.page.evaluate("location.origin")
    assert address.startswith("http://notebook.test:")
    assert_failed(held, "Mic", f"only to secure pages: https, or localhost (this page is {address})", "ssh -L 8888")


def test_a_page_whose_server_forbids_the_microphone_names_the_header(open_call: Opener) -> None:
    held = open_call(permissions_policy="microphone=()")
    held.page.errors.allow("Permissions policy violation")
    held.page.press("start")
    assert_failed(held, "Mic", "is forbidden to use the microphone", "allow microphone=(self)")
