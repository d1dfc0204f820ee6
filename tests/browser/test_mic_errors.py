"""Why a browser gives no microphone: every reason of the front end has words of its own."""

from __future__ import annotations

import re

from micdrop_widget.browser.mic_errors import microphone_error
from micdrop_widget.errors import MicdropErrorCode
from tests.paths import FRONT_END

UP_JS = FRONT_END / "messages" / "up.js"
UNKNOWN = microphone_error("error")


def reasons() -> list[str]:
    """Return the reasons that the front end can give."""
    (line,) = [line for line in UP_JS.read_text().splitlines() if line.endswith("} MicFailureReason")]
    return re.findall(r'"(\w+)"', line)


def test_every_reason_of_the_front_end_is_told_apart_with_its_remedy() -> None:
    errors = [microphone_error(reason) for reason in reasons()]
    assert len(errors) >= 9
    assert len({error.message for error in errors}) == len(errors)
    for error in errors:
        assert error.code is MicdropErrorCode.Mic
        assert error.message.endswith(".")
        assert error.remedy.endswith(".")
        assert len(error.remedy.split()) >= 5


def test_only_what_has_no_name_has_the_general_words() -> None:
    general = [reason for reason in reasons() if microphone_error(reason).message == UNKNOWN.message]
    assert general == ["error"]


def test_what_the_browser_said_is_quoted() -> None:
    assert microphone_error("denied", "NotAllowedError: Permission denied").message == (
        "The browser was not allowed to use the microphone (NotAllowedError: Permission denied)."
    )


def test_the_error_of_an_insecure_page_names_the_tunnel() -> None:
    assert "ssh -L 8888:localhost:8888 USER@HOST" in microphone_error("insecure_context").remedy
