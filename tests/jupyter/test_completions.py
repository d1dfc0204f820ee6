"""What a notebook completes: options, fields of the state, and the names of events."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import Any, get_args

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from micdrop_widget import CallOptions, MicdropClient, MicdropState, MicdropWidget
from micdrop_widget.protocol import EventName
from micdrop_widget.speech import SpeechEventName
from tests.harness.fake_front_end import FakeFrontEnd

OPTIONS = set(CallOptions.__slots__)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Generator[InteractiveShell]:
    """Return an IPython as a kernel has it, with `call`, a widget, and `client`."""
    FakeFrontEnd(monkeypatch)
    InteractiveShell.clear_instance()
    running = InteractiveShell.instance()
    running.Completer.use_jedi = True
    call = MicdropWidget("ws://127.0.0.1:1")
    running.user_ns.update(MicdropWidget=MicdropWidget, MicdropClient=MicdropClient)
    running.user_ns.update(call=call, client=MicdropClient(), calls=[call])
    yield running
    call.close()
    InteractiveShell.clear_instance()


def completions(shell: InteractiveShell, code: str) -> set[str]:
    with provisionalcompleter():
        return {completion.text for completion in shell.Completer.completions(code, len(code))}


@pytest.mark.parametrize("code", ["MicdropWidget(", "MicdropClient("])
def test_a_notebook_offers_every_option_of_a_new_call(shell: InteractiveShell, code: str) -> None:
    for option in OPTIONS:
        assert f"{option}=" in completions(shell, code + option[:-1])


@pytest.mark.parametrize("code", ["call.start(", "client.start("])
def test_a_notebook_offers_every_option_of_a_start(shell: InteractiveShell, code: str) -> None:
    assert {text[:-1] for text in completions(shell, code) if text.endswith("=")} == OPTIONS


@pytest.mark.parametrize("code", ["call.until(", "client.until("])
def test_a_notebook_offers_every_field_of_the_state(shell: InteractiveShell, code: str) -> None:
    fields = {*MicdropState.FIELDS, "timeout"}
    assert {text[:-1] for text in completions(shell, code) if text.endswith("=")} == fields


@pytest.mark.parametrize("method", ["on", "off", "events", "wait_for"])
@pytest.mark.parametrize("name", ["call", "client"])
def test_a_notebook_offers_the_names_of_the_events(shell: InteractiveShell, name: str, method: str) -> None:
    assert completions(shell, f'{name}.{method}("') >= set(get_args(EventName))
    assert completions(shell, f"x = {name}.{method}('Mes") == {"Message"}


@pytest.mark.parametrize("method", ["on", "off"])
def test_a_notebook_offers_the_events_of_the_voice_activity_detection(shell: InteractiveShell, method: str) -> None:
    assert completions(shell, f'call.vad.{method}("') >= {*get_args(SpeechEventName), "ChangeStatus"}
    assert completions(shell, f'call.vad.{method}("Can') == {"CancelSpeaking"}


@pytest.mark.parametrize("code", ['nobody.on("Mes', 'calls.on("Mes', 'calls.x.on("Mes', 'call.x.on("Mes', 'call("Mes'])
def test_nothing_is_offered_for_what_is_no_call(shell: InteractiveShell, code: str) -> None:
    assert "Message" not in completions(shell, code)


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    return {name: each for name, each in inspect.signature(function).parameters.items() if name in OPTIONS}


@pytest.mark.parametrize("client", [MicdropClient, MicdropWidget])
def test_both_signatures_have_every_option_with_its_type_its_default_and_its_line(client: Any) -> None:
    defaults, annotations = CallOptions(), {option: CallOptions.__annotations__[option] for option in OPTIONS}
    widened = {"reconnect": "ReconnectOption", "record": "RecordOption", "save_to": "FolderOption | None"}
    for function, doc in ((client.__init__, client.__doc__), (client.start, client.start.__doc__)):
        known = parameters(function)
        assert known.keys() == OPTIONS
        assert {name: each.annotation for name, each in known.items()} == {**annotations, **widened}
        for option in OPTIONS:
            assert f"\n{option}\n    " in doc
    for name, each in parameters(client.__init__).items():
        assert each.default == getattr(defaults, name)
    assert {repr(each.default) for each in parameters(client.start).values()} == {"…"}
    assert {each.kind for each in parameters(client.start).values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_until_has_every_field_of_the_state_with_its_type() -> None:
    known = inspect.signature(MicdropClient.until).parameters
    fields = {name: each.annotation for name, each in known.items() if name in MicdropState.FIELDS}
    assert fields == {name: MicdropState.__annotations__[name] for name in MicdropState.FIELDS}
