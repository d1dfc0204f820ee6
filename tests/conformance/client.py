"""§2 of the protocol page, state, options and events: each statement with the tests that prove it."""

from __future__ import annotations

from tests.conformance.row import Row

__all__ = ["CLIENT"]

_ALWAYS = "state/test_property.py::TestAnyCall"

CLIENT = [
    # State
    Row(
        "isStarting from start() until the call is ready or has failed, permission prompt included",
        "state/test_start.py::test_a_start_asks_for_the_microphone_then_connects_then_sends_the_params_then_waits",
        "call/test_client_whole_call.py::test_the_call_goes_through_the_states_of_a_call_in_order",
    ),
    Row(
        "isStarted: ready, until it ends; stays true while reconnecting and while paused",
        "call/test_client_reconnect.py::test_a_lost_call_comes_back",
        _ALWAYS,
    ),
    Row(
        "isReconnecting: the connection was lost and a retry is pending or under way",
        "call/test_client_reconnect.py::test_a_lost_call_comes_back",
    ),
    Row(
        "isMuted and isPaused: the user asked for it",
        "state/test_ignored_microphone.py::test_requests_before_the_server_is_ready_hold_when_it_is",
        "call/test_client_reconnect.py::test_mute_and_pause_while_reconnecting_hold_afterwards",
    ),
    Row(
        "isMicStarted: the microphone is capturing",
        "call/test_client_start.py::test_the_microphone_first_then_the_call_reuses_it",
    ),
    Row(
        "isMicMuted: the microphone is not listened to, for any reason",
        "state/test_ignored_microphone.py::test_the_microphone_is_ignored_while_anything_requires_it_in_every_order",
        _ALWAYS,
    ),
    Row(
        "isUserSpeaking from confirmed speech until its end",
        "call/test_client_whole_call.py::test_the_call_goes_through_the_states_of_a_call_in_order",
        _ALWAYS,
    ),
    Row(
        "isAssistantSpeaking: assistant audio is being heard",
        "state/test_answers.py::test_the_assistant_speaks_while_it_is_heard_not_while_its_audio_arrives",
        "call/test_sinks.py::test_real_time_hears_as_many_samples_as_time_has_passed",
    ),
    Row(
        "isProcessing: set at start and at StopSpeaking, cleared by what the page lists, never true while paused",
        "state/test_table.py::test_a_row_asks_for_these_effects_and_changes_these_facts",
        _ALWAYS,
    ),
    Row("isListening: mic started, and none of paused, processing, micMuted, userSpeaking, assistantSpeaking", _ALWAYS),
    Row(
        "conversation survives stop and is emptied by the next start",
        "call/test_client_stop.py::test_a_call_may_be_started_again_after_stop_and_the_conversation_begins_anew",
        "state/test_start.py::test_each_start_begins_with_an_empty_conversation",
    ),
    Row(
        "error is cleared by start, start-mic and a successful connect",
        "state/test_start.py::test_an_error_is_cleared_by_start_by_start_mic_and_by_a_connection_that_is_ready",
        "call/test_transport_failures.py::test_a_failed_start_may_be_followed_by_one_that_succeeds",
    ),
    # Options
    Row(
        "url, params, vad, disableInterruption, reconnect have the page's defaults, or the design's where it departs",
        "call/test_options.py::test_the_defaults_are_those_of_the_design",
    ),
    Row(
        "options given to start merge over the constructor's and stick",
        "call/test_client_start.py::test_options_given_to_start_are_put_over_the_others_and_stick",
    ),
    # Events
    Row(
        "StateChange(state, previous), only when something changed",
        "call/test_client_whole_call.py::test_the_call_goes_through_the_states_of_a_call_in_order",
        "state/test_table.py::test_the_state_change_comes_first_and_names_both_states",
    ),
    Row(
        "Error(error), once per failure",
        "call/test_transport_failures.py::test_a_close_code_before_the_call_is_ready_fails_the_start",
    ),
    Row("EndCall()", "call/test_client_talk.py::test_the_documented_handler_of_end_call_lets_the_goodbye_be_heard"),
    Row(
        "Message(item), PartialAssistantMessage(text), ToolCall(call), Classification(c)",
        "call/test_client_events.py::test_every_frame_of_the_server_becomes_its_event",
    ),
    Row(
        "handlers are called in order and survive the end of a call; off removes them",
        "call/test_client_events.py::test_off_removes_one_handler_or_all_and_they_survive_the_end_of_a_call",
    ),
    Row(
        "the error codes are MissingUrl Mic Connection InternalServer BadRequest Unauthorized NotFound Unknown",
        "test_errors.py::test_there_are_eight_codes_spelled_as_micdrop_spells_them",
    ),
    # Mute, pause, disabled interruption
    Row(
        "mute: stop listening; the open utterance is closed with StopSpeaking; answers go on playing",
        "call/test_client_talk.py::test_mute_ends_the_utterance_and_answers_go_on_playing",
        "state/test_ignored_microphone.py::test_mute_closes_the_utterance_and_answers_go_on_playing",
    ),
    Row(
        "pause: the same, then Mute, playback stops, incoming audio is dropped, messages are still added",
        "call/test_client_talk.py::test_pause_ends_the_utterance_then_says_so_and_drops_what_comes",
        "state/test_ignored_microphone.py::test_during_a_pause_audio_is_dropped_and_messages_are_kept",
    ),
    Row(
        "disabled interruption: while the assistant is heard what the microphone captures is discarded",
        "call/test_client_talk.py::test_with_interruption_disabled_what_is_said_into_the_answer_is_thrown_away",
    ),
    Row(
        "and 300 ms after",
        "state/test_ignored_microphone.py::test_the_echo_tail_is_300_ms_after_the_last_sample_and_longer_than_the_wait_for_more",
    ),
    Row(
        "it switches itself on when echo cancellation is off",
        "call/test_client_talk.py::test_a_microphone_without_echo_cancellation_disables_interruption",
        "state/test_ignored_microphone.py::test_without_echo_cancellation_the_answer_is_not_interrupted",
    ),
    Row(
        "a delayed re-opening of the microphone is cancelled by mute, pause and stop",
        "state/test_ignored_microphone.py::test_no_delayed_opening_of_the_microphone_survives_mute_pause_or_stop",
    ),
]
