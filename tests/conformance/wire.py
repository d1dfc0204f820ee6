"""§1 of the protocol page, the wire: each statement with the tests that prove it."""

from __future__ import annotations

from tests.conformance.row import Row

__all__ = ["WIRE"]


WIRE = [
    # Opening
    Row(
        "the params are the first frame, a JSON object, as text",
        "call/test_client_start.py::test_nothing_is_sent_between_the_params_and_the_ready_signal_and_nothing_is_lost",
        "call/test_credentials.py::test_params_are_the_first_frame_as_json",
    ),
    Row(
        "without params nothing is sent first",
        "call/test_client_start.py::test_a_client_without_params_sends_nothing_before_it_is_ready",
        "state/test_start.py::test_without_params_nothing_is_sent_and_the_server_is_awaited_all_the_same",
    ),
    Row(
        "a server that wants params takes the first frame of any kind as the params",
        "server/test_params.py::test_params_are_taken_from_the_first_frame_of_any_kind",
    ),
    Row(
        "it waits 3 s for them and closes with 4400 when they are missing",
        "server/test_params.py::test_params_that_do_not_come_within_three_seconds_are_refused_with_4400",
    ),
    Row(
        "it closes with 4400 when they are not JSON",
        "server/test_params.py::test_a_first_frame_that_is_no_json_object_is_refused_with_4400",
    ),
    Row(
        "it closes with 4400 when they do not validate",
        "server/test_params.py::test_check_params_refuses_with_its_code",
    ),
    Row(
        "the server always sends something first: a greeting Message, or SkipAnswer",
        "server/test_call.py::test_a_greeting_and_skip_answer_say_that_the_server_is_ready",
        "server/test_call.py::test_without_a_greeting_only_skip_answer_is_sent",
    ),
    Row(
        "the first server frame, whatever it is, is the ready signal",
        "call/test_client_fuzz.py::test_a_call_becomes_ready_by_any_first_frame",
    ),
    Row(
        "a grace period is the fallback for a server that never speaks first",
        "call/test_client_start.py::test_a_server_that_never_speaks_first_is_ready_after_the_grace_period",
        "state/test_start.py::test_after_the_grace_period_it_is_the_turn_of_the_user_unless_something_was_asked",
    ),
    Row(
        "a server that closes and terminates at once is told as what it closed with: 500 of 500",
        "call/test_client_race.py::test_a_refusal_is_reported_as_such_in_500_of_500_calls",
    ),
    Row(
        "nothing is sent between the params and the ready signal, not even a ping",
        "call/test_client_start.py::test_nothing_is_sent_between_the_params_and_the_ready_signal_and_nothing_is_lost",
        "call/test_transport_limits.py::test_without_a_ping_interval_one_ping_follows_the_servers_first_frame",
    ),
    Row(
        "what the user says meanwhile is kept, bounded, and sent when ready",
        "state/test_start.py::test_nothing_goes_out_between_params_and_ready_and_then_all_of_it_in_order",
        "state/test_start.py::test_half_a_minute_is_kept_and_then_the_oldest_audio_is_dropped",
    ),
    # Client to server
    Row(
        "StartSpeaking when speech is confirmed, never for mere suspicion",
        "call/test_client_whole_call.py::test_each_sentence_is_one_utterance_that_equals_the_wav",
        "call/test_client_talk.py::test_mere_suspicion_sends_nothing_and_silences_nobody",
    ),
    Row(
        "StartSpeaking ends an open utterance and starts a new one",
        "server/test_call.py::test_mute_ends_the_utterance_and_start_speaking_ends_an_open_one",
    ),
    Row(
        "StartSpeaking cancels the running answer",
        "server/test_call.py::test_start_speaking_and_mute_cancel_the_running_answer",
    ),
    Row(
        "audio travels between StartSpeaking and StopSpeaking",
        "call/test_client_whole_call.py::test_each_sentence_is_one_utterance_that_equals_the_wav",
    ),
    Row(
        "the server ignores audio when no utterance is open",
        "server/test_call.py::test_audio_outside_of_an_utterance_is_ignored",
    ),
    Row(
        "StopSpeaking ends the utterance",
        "server/test_call.py::test_the_echo_is_the_utterance_between_a_message_of_each_side",
    ),
    Row(
        "StopSpeaking with no audio received is answered with SkipAnswer",
        "server/test_call.py::test_an_utterance_without_audio_is_answered_with_skip_answer",
    ),
    Row(
        "Mute is sent on pause, after StopSpeaking if speech was open; resume sends nothing",
        "call/test_client_talk.py::test_pause_ends_the_utterance_then_says_so_and_drops_what_comes",
        "state/test_ignored_microphone.py::test_pause_closes_the_utterance_then_sends_mute_and_is_silent",
    ),
    Row("mute sends no Mute", "call/test_client_talk.py::test_mute_ends_the_utterance_and_answers_go_on_playing"),
    Row(
        "Mute ends the utterance and cancels the answer",
        "server/test_call.py::test_start_speaking_and_mute_cancel_the_running_answer",
        "server/test_call.py::test_mute_ends_the_utterance_and_start_speaking_ends_an_open_one",
    ),
    Row(
        "the params are sent once after every connect and reconnect",
        "call/test_client_reconnect.py::test_a_lost_call_comes_back",
        "state/test_reconnect.py::test_the_params_are_sent_again_and_nothing_else_until_the_server_is_ready",
    ),
    Row(
        "the server ignores the text/binary flag",
        "server/test_call.py::test_a_frame_under_15_bytes_is_a_command_and_a_longer_one_is_audio_whatever_its_flag",
    ),
    Row(
        "every frame under 15 bytes is a command",
        "test_protocol.py::test_up_to_14_bytes_are_a_command_even_when_they_came_as_audio",
        "test_protocol.py::test_from_15_bytes_on_a_frame_is_audio_even_when_it_came_as_text",
    ),
    Row(
        "no audio frame under 16 bytes is sent; a short tail is carried",
        "call/test_client_talk.py::test_a_short_tail_of_speech_never_becomes_a_frame_the_server_would_take_for_a_command",
        "test_protocol.py::test_the_shortest_audio_frame_that_may_be_sent_is_taken_for_audio",
    ),
    # Server to client
    Row(
        "a frame is a name, or a name, one space, and JSON",
        "test_protocol.py::test_a_server_frame_reads_and_writes_as_the_protocol_says",
    ),
    Row(
        "unknown names are ignored and logged once",
        "call/test_client_events.py::test_unknown_and_malformed_frames_are_logged_once_and_the_call_goes_on",
    ),
    Row(
        "malformed JSON after a known name is reported, never fatal",
        "call/test_client_events.py::test_unknown_and_malformed_frames_are_logged_once_and_the_call_goes_on",
        "call/test_client_fuzz.py::test_a_call_survives_any_frames_and_goes_on",
    ),
    Row(
        "Message of each role is appended to the conversation",
        "call/test_client_events.py::test_every_frame_of_the_server_becomes_its_event",
    ),
    Row(
        "parameters and output of tool messages are JSON strings",
        "call/test_client_events.py::test_every_frame_of_the_server_becomes_its_event",
        "test_protocol.py::test_a_server_frame_reads_and_writes_as_the_protocol_says",
    ),
    Row(
        "CancelLastUserMessage removes the last item with role user; not processing any more",
        "state/test_answers.py::test_cancel_last_user_message_takes_back_the_last_one_of_the_user_only",
    ),
    Row(
        "SkipAnswer: not processing any more",
        "state/test_table.py::test_a_row_asks_for_these_effects_and_changes_these_facts",
        "call/test_client_talk.py::test_a_graceful_stop_without_an_answer_ends_at_once",
    ),
    Row(
        "EndCall is told and the socket stays open; the application decides",
        "state/test_stop.py::test_end_call_is_reported_and_the_call_stays_up",
    ),
    Row(
        "the goodbye comes after EndCall and is heard",
        "call/test_client_talk.py::test_the_documented_handler_of_end_call_lets_the_goodbye_be_heard",
    ),
    Row(
        "ToolCall and Classification are told with parsed values",
        "call/test_client_events.py::test_every_frame_of_the_server_becomes_its_event",
    ),
    Row(
        "PartialAssistantMessage replaces the partial text",
        "state/test_answers.py::test_a_partial_answer_is_replaced_by_the_next_and_cleared_by_the_settled_message",
    ),
    Row(
        "the partial text is cleared by the settled Message, user speech, SkipAnswer and stop",
        "state/test_answers.py::test_a_partial_answer_goes_with_what_ends_it",
        "state/test_answers.py::test_a_partial_answer_is_replaced_by_the_next_and_cleared_by_the_settled_message",
    ),
    Row(
        "audio is played unless paused",
        "state/test_ignored_microphone.py::test_during_a_pause_audio_is_dropped_and_messages_are_kept",
    ),
    Row(
        "audio is not played while the user speaks",
        "state/test_answers.py::test_nothing_is_played_while_the_user_speaks",
        "call/test_client_talk.py::test_an_interruption_silences_the_assistant_at_once_and_late_audio_is_not_heard",
    ),
    Row(
        "the assistant stops speaking when playback drains",
        "state/test_answers.py::test_the_assistant_speaks_while_it_is_heard_not_while_its_audio_arrives",
        "call/test_transport_limits.py::test_a_minute_of_audio_in_one_burst_is_heard_whole_and_in_order",
    ),
    Row(
        "an answer may come after SkipAnswer, unprompted",
        "state/test_answers.py::test_an_answer_may_come_unprompted_after_skip_answer",
    ),
    # Audio
    Row(
        "audio is signed 16-bit little-endian, mono, 16 kHz, without a header",
        "test_audio.py::test_samples_travel_as_signed_16_bit_little_endian",
        "call/test_client_whole_call.py::test_each_sentence_is_one_utterance_that_equals_the_wav",
    ),
    Row(
        "downward any size comes; an odd byte is carried into the next frame",
        "call/test_transport_limits.py::test_audio_frames_of_any_size_are_heard_whole",
        "state/test_answers.py::test_frames_of_any_length_odd_ones_included_give_every_sample_once",
    ),
    Row("int to float divides by 32768", "test_audio.py::test_full_scale_is_32768_both_ways"),
    # Close codes
    Row(
        "close codes 4400, 4401, 4404, 1011, 1001–1010 and others ≥ 4000 have their error",
        "call/test_transport_failures.py::test_a_close_code_before_the_call_is_ready_fails_the_start",
        "call/test_transport_failures.py::test_a_close_code_in_a_call_without_reconnect_ends_it_with_one_error",
    ),
    Row(
        "1006 is Connection",
        "call/test_transport_failures.py::test_an_aborted_connection_before_the_call_is_ready_fails_the_start",
    ),
    Row(
        "4400, 4401 and 4404 are never tried again",
        "call/test_client_reconnect.py::test_a_refusal_in_a_call_that_was_ready_is_never_tried_again",
    ),
    Row(
        "1011, 1001–1010 and others ≥ 4000 are tried again",
        "call/test_client_reconnect.py::test_a_lost_call_comes_back",
    ),
    Row(
        "1000 and 1005 are no error: the call is over",
        "call/test_transport_failures.py::test_a_normal_close_of_a_call_ends_it_without_an_error",
        "call/test_client_talk.py::test_audio_that_plays_when_the_server_closes_normally_is_heard_to_the_end",
    ),
    Row(
        "HTTP 400, 401, 403, 404 and 5xx at the handshake have their error",
        "call/test_transport_failures.py::test_an_http_status_at_the_handshake_fails_the_start",
    ),
    Row(
        "refused is Connection, in words",
        "call/test_transport_failures.py::test_a_refused_port_says_that_nothing_listens_there",
        "call/test_transport_failures.py::test_a_name_with_several_addresses_that_all_refuse_says_so_too",
    ),
    Row("DNS failure is Connection, in words", "call/test_transport_failures.py::test_an_unknown_host_says_so"),
    Row(
        "TLS failure is Connection, in words",
        "call/test_transport_failures.py::test_tls_to_a_plain_port_points_to_the_scheme",
        "call/test_transport_failures.py::test_a_certificate_nobody_signed_names_the_option_that_trusts_it",
    ),
    Row(
        "a timeout is Connection, in words",
        "call/test_transport_failures.py::test_a_server_that_never_answers_the_handshake_times_out",
    ),
    Row(
        "MissingUrl is told locally",
        "call/test_transport_failures.py::test_a_missing_url_is_an_error_before_anything_is_opened",
    ),
    Row(
        "Mic is told locally",
        "call/test_transport_failures.py::test_a_missing_microphone_is_an_error_before_anything_is_connected",
        "call/test_client_faulty_parts.py::test_a_source_that_cannot_be_opened_is_a_mic_error_and_is_released",
    ),
    # Reconnect
    Row(
        "ours grows the delay, with jitter, up to a maximum",
        "call/test_client_reconnect.py::test_the_wait_doubles_with_each_attempt_up_to_the_maximum_and_ends_at_the_limit",
    ),
    Row(
        "each attempt has a time limit, the first connection too",
        "call/test_client_reconnect.py::test_an_attempt_that_is_never_answered_ends_after_the_connection_timeout",
        "call/test_transport_failures.py::test_a_server_that_never_answers_the_handshake_times_out",
    ),
    Row(
        "a first connection that fails is not tried again",
        "call/test_transport_failures.py::test_a_close_code_before_the_call_is_ready_fails_the_start",
        "state/test_start.py::test_a_first_connection_that_fails_is_one_error_and_no_retry_and_leaves_nothing_open",
    ),
    Row(
        "the VAD is paused while the connection is down",
        "call/test_client_reconnect.py::test_speech_that_was_open_when_the_connection_went_is_not_continued_on_the_next",
        "state/test_ignored_microphone.py::test_while_the_connection_is_down_no_audio_is_processed_whatever_the_user_requests",
    ),
    Row(
        "the client keeps its conversation; an identical greeting is listed once",
        "call/test_client_reconnect.py::test_the_conversation_goes_on_and_the_same_greeting_is_not_listed_twice",
    ),
]
