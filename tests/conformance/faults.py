"""§1 of the protocol page against a server with faults: what our client does about each."""

from __future__ import annotations

from tests.conformance.row import Row

__all__ = ["FAULTS"]

_FAULTS = "testing/test_client_faults.py::"

FAULTS = [
    Row(
        "client: a server that says nothing is ready after a grace period; what was said meanwhile reaches it",
        f"{_FAULTS}test_a_server_that_says_nothing_is_ready_after_a_second_and_gets_what_was_said_meanwhile",
    ),
    Row(
        "client: 4400, 4401 and 4404 are errors that are not tried again, before and after the server was ready",
        f"{_FAULTS}test_a_refusal_is_an_error_and_is_not_tried_again",
    ),
    Row(
        "client: a handshake answered with an HTTP status is the error that it stands for",
        f"{_FAULTS}test_a_handshake_answered_with_a_status_is_the_error_it_stands_for",
    ),
    Row(
        "client: a handshake that is never answered fails the start in time",
        f"{_FAULTS}test_a_handshake_that_is_never_answered_fails_the_start_in_time",
    ),
    Row(
        "client: 1001 to 1010, 1006, 1011 and unknown codes come back by themselves, to a new call, with the params",
        f"{_FAULTS}test_a_lost_connection_comes_back_to_a_new_call_that_gets_the_params_again",
    ),
    Row(
        "client: 1000 and 1005 end the call without an error",
        f"{_FAULTS}test_a_normal_close_ends_the_call_without_an_error",
    ),
    Row(
        "client: attempts to come back grow apart, and go on without end",
        f"{_FAULTS}test_attempts_to_come_back_grow_apart_and_go_on_without_end",
    ),
    Row(
        "client: an utterance that a cut interrupts is dropped, the next one is whole",
        f"{_FAULTS}test_the_utterance_that_a_cut_interrupts_is_dropped_and_the_next_one_is_whole",
    ),
    Row(
        "client: a server that stalls, and answers no ping, is given up",
        f"{_FAULTS}test_a_server_that_stalls_is_given_up",
    ),
    Row(
        "client: malformed and unknown commands and odd byte counts are survived",
        f"{_FAULTS}test_malformed_and_unknown_frames_are_survived_and_the_answer_behind_them_is_heard_whole",
    ),
    Row(
        "client: audio of any size, in any rhythm, with delay, jitter and bursts, is heard whole",
        f"{_FAULTS}test_an_answer_is_heard_whole_in_whatever_rhythm_it_comes",
    ),
    Row(
        "client: an answer that stops in the middle ends with what was heard of it",
        f"{_FAULTS}test_an_answer_that_stops_in_the_middle_ends_with_what_was_heard_of_it",
    ),
    Row(
        "client: late audio of an answer that was interrupted is not heard",
        f"{_FAULTS}test_late_audio_of_an_answer_that_was_interrupted_is_not_heard",
    ),
    Row(
        "client: a server that does not answer at all is not waited for without end",
        f"{_FAULTS}test_a_server_that_does_not_answer_is_waited_for_half_a_minute_and_then_listened_past",
        f"{_FAULTS}test_a_text_without_audio_is_waited_for_ten_seconds",
    ),
    Row(
        "client: SkipAnswer ends the wait, and an answer behind it is heard",
        f"{_FAULTS}test_skip_answer_is_listened_after_and_an_answer_behind_it_is_heard",
    ),
    Row(
        "client: CancelLastUserMessage removes it; partial texts replace one another, and the settled one clears them",
        f"{_FAULTS}test_a_message_taken_back_is_removed_and_partial_texts_replace_one_another",
    ),
    Row(
        "client: the goodbye behind EndCall is heard, the socket stays open until the application closes it",
        f"{_FAULTS}test_the_goodbye_behind_end_call_is_heard_and_the_socket_stays_open",
    ),
    Row(
        "client: utterances are well-formed whatever the line is like, and no audio frame can be taken for a command",
        f"{_FAULTS}test_a_server_that_reads_slowly_gets_whole_utterances_and_no_frame_that_is_a_command",
    ),
]
