"""§1 of the protocol page, turned around: what a Micdrop server does."""

from __future__ import annotations

from tests.conformance.row import Row

__all__ = ["SERVER"]

SERVER = [
    Row(
        "server: the first frame of any kind is the params, when it wants some",
        "server/test_params.py::test_params_are_taken_from_the_first_frame_of_any_kind",
    ),
    Row(
        "server: it waits 3 s for the params and closes with 4400 when they are missing, no JSON, or not valid",
        "server/test_params.py::test_params_that_do_not_come_within_three_seconds_are_refused_with_4400",
        "server/test_params.py::test_a_first_frame_that_is_no_json_object_is_refused_with_4400",
        "server/test_params.py::test_check_params_refuses_with_its_code",
        "server/test_handshake.py::test_params_that_are_too_long_or_too_deep_are_refused_with_4400",
    ),
    Row(
        "server: it always sends something first, a greeting or SkipAnswer",
        "server/test_call.py::test_a_greeting_and_skip_answer_say_that_the_server_is_ready",
        "server/test_call.py::test_without_a_greeting_only_skip_answer_is_sent",
        "agents/test_pipeline.py::test_a_greeting_is_spoken_and_stands_in_the_conversation",
    ),
    Row(
        "server: StartSpeaking ends an open utterance, starts a new one, cancels the running answer",
        "server/test_call.py::test_start_speaking_and_mute_cancel_the_running_answer",
        "server/test_call.py::test_mute_ends_the_utterance_and_start_speaking_ends_an_open_one",
        "agents/test_pipeline.py::test_after_an_interruption_at_any_moment_nothing_of_the_old_answer_comes",
    ),
    Row(
        "server: binary outside of an utterance is ignored",
        "server/test_call.py::test_audio_outside_of_an_utterance_is_ignored",
    ),
    Row(
        "server: StopSpeaking ends the utterance; with no audio received it answers SkipAnswer",
        "server/test_call.py::test_an_utterance_without_audio_is_answered_with_skip_answer",
    ),
    Row(
        "server: Mute ends the utterance and cancels the answer",
        "server/test_call.py::test_start_speaking_and_mute_cancel_the_running_answer",
        "server/test_call.py::test_mute_ends_the_utterance_and_start_speaking_ends_an_open_one",
    ),
    Row(
        "server: every frame under 15 bytes is a command, whatever its flag",
        "server/test_call.py::test_a_frame_under_15_bytes_is_a_command_and_a_longer_one_is_audio_whatever_its_flag",
    ),
    Row(
        "server: the user's Message precedes the answer's audio, the assistant's follows its beginning",
        "agents/test_pipeline.py::test_the_first_sentence_is_heard_while_the_rest_is_written",
    ),
    Row(
        "server: SkipAnswer when there is no transcript, no answer, or one that failed",
        "agents/test_pipeline.py::test_an_empty_transcript_is_skipped_without_a_message",
        "agents/test_pipeline.py::test_no_answer_is_skip_answer",
        "agents/test_pipeline.py::test_a_part_that_fails_ends_its_answer_with_skip_answer_and_is_heard_by_nobody_else",
    ),
    Row(
        "server: CancelLastUserMessage and Classification, said by the agent",
        "agents/test_pipeline.py::test_a_classification_is_passed_on_and_noise_takes_the_users_message_back",
    ),
    Row(
        "server: EndCall, behind the goodbye; the socket stays open",
        "agents/test_pipeline.py::test_end_call_is_sent_behind_the_goodbye",
        "server/test_call.py::test_end_call_is_sent_behind_the_answer_and_an_interruption_takes_it_back",
    ),
    Row(
        "server: ToolCall and the messages of a tool, emitted when asked",
        "agents/test_pipeline.py::test_a_tool_call_is_emitted_to_the_client_when_asked",
    ),
    Row(
        "server: PartialAssistantMessage on request, the whole answer so far",
        "agents/test_pipeline.py::test_partial_messages_come_on_request_and_hold_the_whole_answer_so_far",
    ),
    Row(
        "server: 4401, 4404 and others refuse a call; 1011 is an internal error",
        "server/test_params.py::test_check_params_refuses_with_its_code",
    ),
    Row(
        "server: an answer may come unprompted",
        "agents/test_pipeline.py::test_say_speaks_without_being_asked_and_stands_in_the_conversation",
        "server/test_call.py::test_say_waits_until_neither_side_speaks_and_may_be_called_from_any_thread",
    ),
]
