"""The world as people have it: files, networks, headsets and hosts; each statement with the tests that prove it."""

from __future__ import annotations

from tests.conformance.row import Row

__all__ = ["REAL_WORLD"]

REAL_WORLD = [
    # Audio in, one door
    Row(
        "audio may be a path (with ~), a file object or the bytes of a file",
        "test_audio_input.py::test_a_file_may_be_a_path_opened_or_its_bytes",
        "test_audio_input.py::test_a_named_pipe_is_read_to_its_end",
        "test_wav_file.py::test_a_path_may_be_at_home",
        "test_onnx.py::test_a_network_of_ones_own_is_opened_each_time_and_may_be_at_home",
    ),
    Row(
        "audio may be an array or what is like one, of any usual type, shape and rate",
        "test_audio_samples.py::test_every_type_gives_the_same_samples",
        "test_audio_samples.py::test_every_shape_of_one_channel_gives_the_same_samples",
        "test_audio_samples.py::test_a_rate_may_be_any_number",
    ),
    Row(
        "two channels are a question with both ways out; a call's own recording is read as what it is",
        "test_audio_samples.py::test_several_channels_are_a_question_with_both_ways_out",
        "test_audio_input.py::test_two_channels_of_a_file_are_a_question_with_both_ways_out",
        "test_audio_input.py::test_the_recording_of_a_call_is_read_back_as_what_it_is",
    ),
    Row(
        "floats beyond full scale, NaN and infinity are a ValueError that says how to scale",
        "test_audio_samples.py::test_a_little_beyond_full_scale_is_clipped_and_more_is_refused",
        "test_audio_samples.py::test_what_is_no_number_is_refused_with_its_place_in_the_stream",
        "test_audio_input.py::test_floats_of_a_file_are_checked_and_what_is_lossy_is_clipped",
    ),
    Row(
        "files of every kind are read: 8 to 64 bit, extensible headers, A-law, FLAC, Ogg, MP3, AIFF, CAF",
        "test_audio_input.py::test_files_of_every_kind_that_libsndfile_writes_are_read",
        "test_audio_input.py::test_what_the_standard_library_writes_is_read",
        "test_audio_input.py::test_what_scipy_writes_is_read_and_what_it_reads_is_understood",
        "test_audio_input.py::test_24_bits_are_rounded_to_16",
    ),
    Row(
        "files of unknown length are read to their end",
        "test_audio_input.py::test_a_wav_of_unknown_length_is_read_to_its_end",
        "test_audio_input.py::test_other_files_of_unknown_length_are_read_to_their_end",
        "test_audio_lengths.py::test_a_length_that_is_missing_is_that_of_the_rest",
    ),
    Row(
        "files are read block by block, and nothing is written on standard error",
        "test_audio_input.py::test_reading_a_file_holds_its_samples_and_a_few_blocks",
        "test_audio_input.py::test_reading_writes_nothing_on_stderr",
    ),
    Row(
        "what cannot be read is one error that names the file, what it is, and what converts it",
        "test_audio_input.py::test_what_cannot_be_read_is_named_with_what_it_is_and_what_converts_it",
        "test_audio_input.py::test_a_damaged_file_is_refused_with_what_it_is",
    ),
    # Audio out
    Row(
        "send_audio and respond take what audio may be, at any rate, and (async) iterators of it",
        "server/test_send_audio.py::test_every_form_of_an_answer_gives_the_same_sound",
        "server/test_send_audio.py::test_what_cannot_be_sent_is_refused_where_it_is_sent",
        "server/test_send_audio.py::test_what_respond_returns_is_sent_as_by_send_audio",
    ),
    Row(
        "an answer without audio ends with SkipAnswer at the embedded server",
        "server/test_call.py::test_an_answer_without_audio_ends_with_skip_answer",
        "server/test_call.py::test_an_answer_that_fails_is_skipped_and_the_call_goes_on",
    ),
    Row(
        "no answer, or a text without audio, is told after a time, and the call listens again",
        "state/test_limits.py::test_a_server_may_be_silent_for_half_a_minute_and_then_the_call_listens_again",
        "state/test_limits.py::test_the_audio_of_a_text_has_ten_seconds",
        "state/test_limits.py::test_a_missing_answer_is_shown_until_server_or_user_go_on",
        "call/test_client_notices.py::test_a_server_that_says_nothing_is_reported_after_half_a_minute",
        "call/test_client_notices.py::test_a_text_without_audio_is_reported_after_ten_seconds",
        "call/test_client_notices.py::test_an_answer_that_comes_late_takes_it_back_and_is_heard",
    ),
    Row(
        "audio that begins like a file is one warning that says what to send",
        "test_protocol.py::test_audio_that_begins_like_a_file_is_known",
        "state/test_answers.py::test_an_answer_that_begins_like_a_file_is_played_as_it_is_with_a_warning_that_says_what_to_send",
    ),
    # The network people have
    Row(
        "loopback addresses never go through a proxy",
        "call/test_connect.py::test_loopback_never_goes_through_the_environments_proxy",
        "test_loopback.py::test_loopback_is_known",
    ),
    Row(
        "a proxy that does not work is named as the proxy, with the remedy",
        "call/test_connect.py::test_a_proxy_that_refuses_is_named",
        "call/test_connect.py::test_a_proxy_that_wants_a_password_says_where_to_give_it",
        "call/test_connect.py::test_a_socks_proxy_says_which_package_it_needs",
        "call/test_connect.py::test_a_proxy_of_the_environment_without_a_scheme_is_named",
    ),
    Row(
        "params and headers never travel to another origin",
        "call/test_connect.py::test_nothing_goes_to_another_origin",
        "call/test_connect.py::test_another_port_of_the_same_host_is_another_origin",
    ),
    Row(
        "ws to wss on the same host is followed, the way back is not",
        "call/test_connect.py::test_from_plain_to_secure_on_the_same_host_is_followed",
        "call/test_connect.py::test_from_secure_to_plain_is_not_followed",
    ),
    Row(
        "subprotocols are offered by an option, and the header is refused",
        "call/test_connect.py::test_a_subprotocol_is_agreed_on",
        "call/test_options.py::test_headers_that_the_handshake_sets_are_refused",
    ),
    Row(
        "urls that no server can use are refused when they are given, without their secret",
        "call/test_options.py::test_a_url_that_no_server_can_use_is_refused_without_its_secret",
        "call/test_options.py::test_the_refusal_of_a_url_shows_no_secret",
    ),
    Row(
        "params and headers may be functions, asked before every connection, never shown",
        "call/test_credentials.py::test_a_function_is_asked_before_every_connection",
        "call/test_credentials.py::test_a_plain_function_does_not_run_on_the_loop",
        "call/test_options.py::test_no_repr_of_options_shows_a_secret",
    ),
    # Objects that are used twice
    Row(
        "a detector hears one call at a time",
        "test_claims.py::test_a_second_call_does_not_start_with_the_detector_of_the_first",
        "call/test_client_turns.py::test_a_detector_that_another_call_asks_is_refused_and_a_former_one_is_free",
    ),
    Row(
        "detectors, reports and recordings can be copied and pickled, and work in pools",
        "vad/test_copies.py::test_a_copy_has_the_settings_and_answers_as_a_new_one_does",
        "vad/test_copies.py::test_used_detectors_and_reports_work_in_a_pool_of_processes",
        "vad/test_copies.py::test_used_detectors_work_in_joblibs_workers",
        "history/test_recording_saved.py::test_a_copy_is_what_is_recorded_by_now",
    ),
    Row(
        "a server is bounded by with and async with, and ends when nobody holds it",
        "server/test_life.py::test_a_with_statement_bounds_a_servers_life_without_an_event_loop",
        "server/test_life.py::test_a_server_that_nobody_holds_ends_with_its_thread_and_its_calls",
    ),
    Row(
        "a server cell that is run again takes over",
        "server/test_life.py::test_a_line_that_is_run_again_with_the_same_port_takes_over_with_the_calls_that_are_up",
        "server/test_life.py::test_a_taken_port_says_who_has_it_and_leaves_no_thread",
        "jupyter/test_reruns.py::test_twenty_runs_of_a_cell_leave_as_many_threads_sockets_and_recordings_as_one",
    ),
    Row(
        "no page of another site may call a server that was meant for its own user",
        "server/test_handshake.py::test_a_page_of_any_site_is_refused_unless_it_is_named",
        "server/test_handshake.py::test_the_host_has_to_be_a_name_of_the_server",
    ),
    Row(
        "a start that fails before the call has begun reaches error, event and panel",
        "call/test_core.py::test_a_recording_that_cannot_be_written_is_a_failed_start",
    ),
    Row(
        "options of another type are refused by their name",
        "call/test_options.py::test_a_value_of_another_type_is_refused_by_the_name_of_its_option",
        "call/test_options.py::test_what_the_browser_is_asked_for_is_true_or_false",
    ),
    # The headset that is off
    Row(
        "three seconds of exact zeros, or of a muted track, are a line in the panel, a field and one warning",
        "call/test_silence_watch.py::test_three_seconds_of_zeros_are_reported_once_and_the_first_sound_withdraws_it",
        "call/test_silence_watch.py::test_a_call_shows_it_in_its_state_and_its_microphone_and_warns_once",
        "page/test_silent_microphone.py::test_a_microphone_of_zeros_is_reported_in_the_panel_and_never_while_it_is_muted",
        "page/test_silent_microphone.py::test_a_track_that_the_browser_mutes_is_reported_too",
    ),
    Row(
        "it is gone when sound comes, and never shown while the user is muted",
        "call/test_silence_watch.py::test_it_is_never_shown_while_the_user_does_not_want_to_be_heard",
        "page/test_silent_microphone.py::test_it_is_gone_when_sound_comes",
    ),
    # Slow lines
    Row(
        "at 1 Mbit/s and 40 ms an answer is heard, and a pause silent, hardly later than without, and has no gap",
        "page/test_slow_line.py::test_an_answer_is_heard_and_a_pause_silent_hardly_later_than_without_the_line",
        "page/test_slow_line.py::test_an_answer_of_five_seconds_hardly_pauses_on_a_slow_line",
        "browser/test_line_probe.py::test_a_line_is_slow_until_8_and_then_64_kilobytes_have_come_back_in_time",
        "browser/test_line_probe.py::test_on_a_slow_line_nothing_is_urgent",
        "browser/test_send_window.py::test_no_flush_waits_for_long_and_an_answer_comes_faster_than_it_is_played",
        "browser/test_speaker.py::test_on_a_slow_line_a_burst_goes_in_small_messages_as_they_arrive",
    ),
    Row(
        "at 256 kbit/s upward the call stays live",
        "e2e/test_slow_line.py::test_at_256_kbit_a_second_upward_every_sentence_comes_live",
        "page/test_slow_line.py::test_at_256_kbit_a_second_upward_the_call_stays_live_in_telephone_quality",
        "browser/test_mu_law.py::test_the_standards_bytes_are_the_standards_samples",
        "browser/test_link.py::test_the_report_says_whether_the_latest_message_was_companded",
    ),
    # Answers in any rhythm
    Row(
        "an answer is heard whole in whatever rhythm it comes",
        "testing/test_client_faults.py::test_an_answer_is_heard_whole_in_whatever_rhythm_it_comes",
        "page/test_slow_line.py::test_an_answer_whose_chunks_are_up_to_40_ms_late_hardly_pauses",
        "browser/test_speaker.py::test_small_chunks_of_a_paced_answer_stay_urgent_while_the_page_has_few",
    ),
    # Hosts as they come
    Row(
        "a call goes on wherever its panel is: scrolled away, moved, cut and pasted, in a new view",
        "e2e/test_moved_panels.py::test_a_call_goes_on_wherever_its_panel_is_and_says_when_it_ended_with_it",
    ),
    Row(
        "a kernel is not culled during a call, and is afterwards",
        "e2e/test_culling.py::test_a_kernel_is_culled_when_its_call_is_over_and_never_before",
    ),
    # Environments
    Row(
        "without onnxruntime the volume works, and Silero says what to do",
        "test_onnx.py::test_without_onnxruntime_volume_works_and_a_network_says_what_to_do",
    ),
    Row(
        "nothing on standard error that is not ours",
        "test_stderr.py::test_a_whole_call_says_nothing_on_standard_error",
    ),
    Row(
        "a client on a loop that was blocked for seconds says so once",
        "call/test_loop_watch.py::test_a_client_whose_loop_was_blocked_says_so",
    ),
    Row(
        "every block of the README runs as pasted, the quickstart's cells in any order",
        "e2e/test_readme.py::test_every_block_of_the_readme_runs_as_pasted",
        "jupyter/test_notebook_order.py::test_the_quickstarts_cells_run_twice_in_any_order",
        "e2e/test_notebooks.py::test_the_quickstart_from_the_top_and_then_in_any_order",
    ),
    # What Micdrop's newest client shows
    Row(
        "isInterruptionDisabled: the option, or echo cancellation off",
        "call/test_client_start.py::test_a_call_that_is_not_to_be_interrupted_says_so_from_the_beginning_and_so_does_one_with_an_echo",
        "jupyter/test_widget.py::test_that_interruption_is_disabled_is_a_trait_by_option_and_where_echo_is_not_cancelled",
    ),
    Row(
        "the levels of both sides, ten times a second, for who observes them and at no cost for others",
        "call/test_levels.py::test_the_microphone_level_is_reported_ten_times_a_second_when_it_changes_and_silence_after_it_once",
        "call/test_levels.py::test_nobody_who_observes_costs_no_timer_and_what_is_read_is_right_all_the_same",
        "jupyter/test_widget.py::test_the_levels_are_traits_that_notify_while_somebody_observes_them_and_are_read_at_any_time",
    ),
    Row(
        "ChangeStatus follows each event of the detection",
        "call/test_call_vad.py::test_behind_each_event_the_new_status_is_reported",
    ),
    Row(
        "turn detector and longest wait change during a call; an open turn ends",
        "state/test_turns.py::test_another_turn_detection_in_a_pause_ends_the_turn_and_the_next_one_is_its_own",
        "call/test_client_turns.py::test_another_detector_in_the_middle_of_a_sentence_makes_two_turns_of_it_and_loses_nothing",
        "call/test_client_turns.py::test_the_longest_wait_can_be_changed_in_a_pause_which_ends_there",
    ),
    Row(
        "the conversation may be cleared, which the server does not learn",
        "call/test_client_turns.py::test_a_conversation_that_is_cleared_goes_on_with_the_next_message",
    ),
    Row(
        "devices have an id, a label and a kind",
        "jupyter/test_devices.py::test_what_is_plugged_in_where_the_microphone_is_becomes_the_lists",
    ),
    Row(
        "Smart Turn's last verdict: complete, probability, duration",
        "turn/test_smart_turn.py::test_the_verdict_says_what_was_decided_how_probable_it_is_and_how_long_it_took",
    ),
    Row(
        "every word of Micdrop's client has its line in the page for its users",
        "test_docs.py::test_the_page_for_users_of_micdrops_client_names_what_there_is_and_leaves_nothing_out",
    ),
    # The notebook as people use it
    Row(
        "a call that ends because its cell ran again says so and offers to go on",
        "jupyter/test_reruns.py::test_a_cell_that_is_run_again_says_that_it_ended_its_call_and_offers_to_go_on",
    ),
    Row(
        "letters typed on a button of the panel are no commands, and its focus is seen",
        "e2e/test_keyboard.py::test_letters_on_a_button_are_no_commands_and_its_focus_is_seen",
    ),
]
