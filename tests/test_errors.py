"""The eight error codes, and how close codes and HTTP statuses become them."""

from __future__ import annotations

import pickle

import pytest

from micdrop_widget.errors import (
    CallClosedError,
    MicdropError,
    MicdropErrorCode,
    error_for_close,
    error_for_http_status,
    is_call_over,
    is_retryable,
    raise_fresh,
)

Code = MicdropErrorCode


def test_there_are_eight_codes_spelled_as_micdrop_spells_them() -> None:
    names = "MissingUrl Mic Connection InternalServer BadRequest Unauthorized NotFound Unknown"
    assert " ".join(code.value for code in Code) == names
    assert " ".join(str(code) for code in Code) == names
    assert Code.Mic == "Mic"


@pytest.mark.parametrize(
    ("close_code", "code", "reconnects"),
    [
        (4400, Code.BadRequest, False),
        (4401, Code.Unauthorized, False),
        (4404, Code.NotFound, False),
        (1011, Code.InternalServer, True),
        *((close_code, Code.Connection, True) for close_code in (1001, 1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010)),
        (4000, Code.Unknown, True),
        (4402, Code.Unknown, True),
        (4999, Code.Unknown, True),
    ],
)
def test_a_close_code_has_its_error_and_says_whether_to_reconnect(
    close_code: int, code: MicdropErrorCode, reconnects: bool
) -> None:
    error = error_for_close(close_code)
    assert error.code is code
    assert is_retryable(error) is reconnects
    assert f"close code {close_code}" in error.message
    assert not is_call_over(close_code)


def test_only_1000_and_1005_end_a_call_without_error() -> None:
    assert [code for code in range(1000, 5000) if is_call_over(code)] == [1000, 1005]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.BadRequest),
        (401, Code.Unauthorized),
        (403, Code.Unauthorized),
        (404, Code.NotFound),
        (500, Code.InternalServer),
        (502, Code.InternalServer),
        (503, Code.InternalServer),
        (599, Code.InternalServer),
        (200, Code.Connection),
        (302, Code.Connection),
        (429, Code.Connection),
    ],
)
def test_an_http_status_at_the_handshake_has_its_error(status: int, code: MicdropErrorCode) -> None:
    error = error_for_http_status(status)
    assert error.code is code
    assert f"HTTP {status}" in error.message


def test_the_servers_reason_is_quoted() -> None:
    assert "it said “token expired”" in error_for_close(4401, "token expired").message
    assert "said" not in error_for_close(4401).message


@pytest.mark.parametrize("close_code", [1006, 1011, 4400, 4401, 4404, 4999])
def test_every_error_says_what_happened_and_what_to_do(close_code: int) -> None:
    error = error_for_close(close_code, "why")
    assert error.message.endswith(".")
    assert error.remedy.endswith(".")
    assert len(error.remedy.split()) >= 5
    assert str(error) == f"{error.code.value}: {error.message} {error.remedy}"


def test_an_error_survives_pickling_with_its_parts() -> None:
    error = MicdropError(Code.Mic, "No microphone.", "Plug one in.")
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.message, again.remedy) == (Code.Mic, "No microphone.", "Plug one in.")
    assert isinstance(again, Exception)


def test_the_error_of_the_state_is_raised_anew_each_time_and_none_is_none() -> None:
    error = MicdropError(MicdropErrorCode.Mic, "It broke.", "Mend it.")
    for _ in range(2):
        with pytest.raises(MicdropError, match=r"It broke\. Mend it\.") as caught:
            raise_fresh(error)
        assert caught.value is not error
    assert error.__traceback__ is None
    raise_fresh(None)


def test_a_closed_call_says_what_to_do() -> None:
    assert str(CallClosedError()) == "this call was closed: make a new one (in a notebook: run its cell again)"
