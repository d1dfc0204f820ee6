"""What was said, devices and errors reach the pages as changes, and a page that is new once as a whole."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from micdrop_widget.browser import PrivateState, messages
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.protocol import ConversationItem, TextMessage, item_to_json
from micdrop_widget.state import MicdropState


class Page:
    """Reads what is sent as a page does."""

    def __init__(self, page_id: str = "a") -> None:
        self.page_id = page_id
        self.items: list[dict[str, Any]] = []
        self.fields: dict[str, Any] = {}
        self.missing = 0
        """How often items before those of a message were missing."""

    def receive(self, content: messages.Content) -> None:
        if content["to"] not in (None, self.page_id):
            return
        match content["type"]:
            case "bundle":
                for each in content["contents"]:
                    self.receive(each)
            case "conversation" if content["from"] > len(self.items):
                self.missing += 1
            case "conversation":
                self.items[content["from"] :] = content["items"]
            case "details":
                self.fields.update(content["fields"])


class Line:
    """A private state, all that was sent, and pages that receive it."""

    def __init__(self, *pages: Page) -> None:
        self.pages = list(pages)
        self.sent: list[messages.Content] = []
        self.state = MicdropState()
        self.private_state = PrivateState(self._send)

    def _send(self, content: messages.Content) -> None:
        self.sent.append(json.loads(json.dumps(content)))
        for page in self.pages:
            page.receive(content)

    def change(self, **fields: Any) -> int:
        """Publish a state with some fields changed; return how many bytes that took."""
        before = len(self.sent)
        self.state = replace(self.state, **fields)
        self.private_state.publish(self.state)
        return sum(len(json.dumps(content)) for content in self.sent[before:])

    def say(self, *texts: str) -> int:
        return self.change(conversation=(*self.state.conversation, *said(*texts)))


def said(*texts: str) -> tuple[ConversationItem, ...]:
    return tuple(TextMessage("user", text) for text in texts)


def as_json(items: tuple[ConversationItem, ...]) -> list[dict[str, Any]]:
    return [item_to_json(item) for item in items]


def test_a_message_costs_the_same_at_two_thousand_items_as_at_the_first() -> None:
    line = Line(page := Page())
    sizes = [line.say(f"message {number:04}") for number in range(2000)]
    digits = [len(str(number)) for number in range(2000)]  # of the number of the first item
    assert {size - length for size, length in zip(sizes, digits, strict=True)} == {sizes[0] - 1}
    assert page.items == as_json(line.state.conversation)


def test_items_are_appended_changed_taken_back_and_emptied() -> None:
    line = Line(page := Page())
    for conversation in (said("a", "b"), said("a", "b", "c"), said("a", "B", "c"), said("a"), said("a", "d"), ()):
        line.change(conversation=conversation)
        assert page.items == as_json(conversation)
    changes = [(content["from"], len(content["items"])) for content in line.sent]
    assert changes == [(0, 2), (2, 1), (1, 2), (1, 0), (1, 1), (0, 0)]


def test_an_answer_takes_the_place_of_its_draft_in_one_message() -> None:
    line = Line()
    line.change(partialAssistantMessage="It will")
    line.change(conversation=said("It will rain."), partialAssistantMessage="")
    assert [content["type"] for content in line.sent] == ["details", "bundle"]
    conversation, details = line.sent[1]["contents"]
    assert conversation["items"] == as_json(said("It will rain."))
    assert details["fields"] == {"partialAssistantMessage": ""}


def test_only_the_fields_that_have_changed_travel_and_nothing_of_what_is_synced() -> None:
    line = Line()
    line.change(isStarted=True, isListening=True)
    assert line.sent == []
    line.change(micDevices=(Device("usb", "USB"),), isListening=False)
    assert line.sent == [{"type": "details", "to": None, "fields": {"micDevices": [{"id": "usb", "label": "USB"}]}}]
    line.change(error=MicdropError(MicdropErrorCode.Mic, "Gone.", "Plug it in."))
    assert line.sent[1]["fields"] == {"error": {"code": "Mic", "message": "Gone.", "remedy": "Plug it in."}}


def test_a_page_that_joins_in_the_middle_gets_everything_once_and_the_others_nothing() -> None:
    line = Line(first := Page("a"))
    line.say(*(f"message {number}" for number in range(100)))
    line.change(micDevices=(Device("usb", "USB"),), partialAssistantMessage="So")
    line.pages.append(late := Page("b"))
    line.say("one more, before its hello is read")
    assert (late.items, late.missing) == ([], 1)
    before = len(line.sent)
    line.private_state.publish_whole("b")
    assert [content["to"] for content in line.sent[before:]] == ["b"]
    line.say("and one more")
    assert late.items == first.items == as_json(line.state.conversation)
    assert late.fields == {**first.fields, "speakerDevices": [], "error": None, "notices": []}


def test_a_page_that_knows_of_an_earlier_call_is_sent_an_empty_conversation() -> None:
    line = Line(page := Page())
    page.items = as_json(said("of an earlier call"))
    line.private_state.publish_whole("a")
    assert page.items == []


def test_a_long_conversation_goes_in_several_messages_none_of_them_large() -> None:
    line = Line(page := Page())
    line.say(*(f"{number:04}" + "x" * 200 for number in range(2000)))
    line.say("y" * 100_000)
    line.sent.clear()
    page.items.clear()
    line.private_state.publish_whole("a")
    assert page.items == as_json(line.state.conversation)
    sizes = [len(json.dumps(content)) for content in line.sent]
    assert len(sizes) == 9
    assert max(sizes[:-1]) < 66_000
    assert sizes[-1] < 100_500, "one that is larger than a message goes by itself"
