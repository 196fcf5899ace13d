"""What a client of Iterable must handle, point by point, and the tests that hold it; each of them must be there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[3]
# Folders whose tests are only about Iterable.
FOLDERS = ("objects", "fields", "protocol", "resources")

POINTS: dict[str, tuple[str, ...]] = {
    "the HTTP status decides; 200, 201 and 202 are success": (
        "contracts/iterable/objects.py::test_every_row_of_a_good_reply_is_accepted",
        "protocol/test_reply_table.py::test_each_row_of_the_table",
    ),
    "a code of success on a 4xx is none": (
        "contracts/iterable/objects.py::test_a_reply_that_no_request_can_mend_stops_the_run",
    ),
    "text, HTML and broken JSON are borne": (
        "contracts/iterable/objects.py::test_after_a_doubtful_reply_the_same_bytes_are_sent_again",
        "protocol/test_client.py::test_what_a_body_becomes",
    ),
    "unknown and missing members of a reply are borne": (
        "contracts/iterable/objects.py::test_unknown_fields_of_a_reply_are_ignored",
        "objects/users/test_users_replies.py::test_a_reply_without_arrays_is_enough_when_nothing_failed",
    ),
    "all ten arrays of users, and the deprecated ones": (
        "objects/users/test_users_replies.py::test_each_array_of_addresses",
        "objects/users/test_users_replies.py::test_each_array_of_user_ids",
        "objects/users/test_users_replies.py::test_the_deprecated_arrays_alone_as_in_2021",
    ),
    "all six arrays of events, and disallowed names": (
        "objects/activity/test_events_replies.py::test_each_of_the_six_arrays",
        "objects/activity/test_events_replies.py::test_they_are_rejected_by_the_name_however_they_are_counted",
    ),
    "e-mails are matched without regard to case": (
        "objects/users/test_users_replies.py::test_addresses_are_matched_whatever_their_case",
    ),
    "counts are reconciled; what does not add up is never success": (
        "contracts/iterable/bulk.py::test_counts_that_do_not_add_up_are_no_success",
        "objects/users/test_users_replies.py::test_a_failure_without_a_name_is_traced_by_halving",
        "objects/users/test_users_replies.py::test_conflict_values_that_are_not_in_the_batch_are_traced_by_halving",
        "objects/users/test_users_replies.py::test_a_name_that_two_rows_hold_blames_neither_unheard",
    ),
    "one row of a user a request, successive ones in order": (
        "contracts/iterable/turns.py::test_two_rows_of_a_user_go_in_successive_requests_in_order",
        "objects/users/test_user_merges.py::test_users_that_become_one_are_merged_one_after_another",
    ),
    "bulk and single endpoints are not mixed for one user": (
        "contracts/iterable/bulk.py::test_a_bad_row_is_isolated_by_halving",
        "reference_iterable/test_server.py::test_a_user_in_both_a_bulk_endpoint_and_its_single_twin_is_noted",
    ),
    "a whole-request refusal names its rows by path, or is halved": (
        "contracts/iterable/bulk.py::test_rows_that_a_path_names_are_taken_out_at_once",
        "contracts/iterable/bulk.py::test_poison_costs_are_bounded",
        "contracts/iterable/bulk.py::test_a_smaller_batch_limit_than_documented_is_learnt",
    ),
    "401, 403 and the field limit end the run": (
        "contracts/iterable/objects.py::test_a_reply_that_no_request_can_mend_stops_the_run",
    ),
    "forgotten users are left alone for good": (
        "contracts/quarantine.py::test_forgotten_user_is_never_sent_again",
        "objects/users/test_user_merges.py::test_a_forgotten_user_is_terminal",
    ),
    "no reply, 408, 429 and 5xx are tried again, with backoff and jitter": (
        "contracts/iterable/objects.py::test_failures_now_and_then_lose_nothing",
        "contracts/iterable/pacing.py::test_a_429_is_no_try",
        "delivery/test_rate_limits.py::test_backoff_has_full_jitter_and_a_bound",
    ),
    "Retry-After is kept, then the bucket's own figure": (
        "contracts/iterable/pacing.py::test_over_the_rate_limit_no_request_goes_earlier_than_asked",
        "protocol/test_client.py::test_how_long_iterable_asks_to_wait",
    ),
    "rates by endpoint, shared by threads and syncs": (
        "contracts/iterable/pacing.py::test_no_window_of_a_second_holds_more_requests_than_the_limit",
        "contracts/iterable/pacing.py::test_eight_threads_keep_the_rate_and_lose_nothing",
        "delivery/test_rate_limits.py::test_syncs_of_one_project_share_the_pacer_of_an_endpoint",
    ),
    "batches by rows and by bytes; a row over the limit fails alone": (
        "contracts/iterable/bulk.py::test_batches_respect_the_row_limit",
        "contracts/iterable/bulk.py::test_bodies_stay_below_the_byte_limit",
        "contracts/iterable/bulk.py::test_a_row_over_the_limit_is_invalid_and_the_others_go",
    ),
    "identifiers, ids, names and sizes are checked before anything is sent": (
        "contracts/change_detection.py::test_malformed_identity_is_invalid",
        "objects/test_catalog_items.py::test_the_item_id_is_letters_digits_and_dashes",
        "objects/test_catalog_items.py::test_thirty_kilobytes_are_those_of_the_document_not_of_its_frame",
        "objects/users/test_users.py::test_what_cannot_work_is_refused",
    ),
    "decimals, dates, times and numbers that are none are converted": (
        "delivery/test_row_encoder.py::test_numbers_are_written_so_that_iterable_sees_their_type",
        "fields/test_column_values.py::test_every_moment_of_the_calendar",
    ),
    "ids of events and purchases stay the same": (
        "objects/activity/test_events_bodies.py::test_an_id_that_iterable_takes_goes_out_as_it_is",
        "objects/activity/test_events_bodies.py::test_any_other_id_becomes_a_hash_that_stays_the_same",
    ),
    "a column that became NULL clears its field": (
        "objects/users/test_users_bodies.py::test_the_body_is_the_one_on_file",
    ),
    "merging and new fields are settings": ("objects/users/test_users_bodies.py::test_the_body_is_the_one_on_file",),
    "field types are compared before the first row": (
        "fields/test_field_types.py::test_each_kind_against_each_type",
        "resources/test_catalog_types.py::test_a_kind_clashes_where_none_of_its_values_can_be_fitted",
    ),
    "created and dropped fields are reported": (
        "objects/users/test_users_replies.py::test_dropped_fields_fail_the_batch_that_lost_them",
        "report/test_screen.py::test_a_result_in_words",
    ),
    "no row is accepted by default": (
        "objects/users/test_users_replies.py::test_replies_that_contradict_themselves_accept_nothing",
    ),
    "in update mode an unknown user is skipped, and tried again when its row changes or on request": (
        "objects/users/test_users_replies.py::test_unknown_users_are_skipped",
        "contracts/quarantine.py::test_skipped_row_is_looked_at_again_after_its_time",
    ),
    "nobody is unsubscribed from a channel": ("objects/test_list_members.py::test_nobody_leaves_a_channel",),
    "somebody unknown is off the list": (
        "objects/test_list_members.py::test_who_is_unknown_or_forgotten_is_off_the_list",
    ),
    "project type and data center are asked for": (
        "destinations/iterable/test_config.py::test_what_is_missing_is_asked_for",
        "destinations/iterable/test_config.py::test_the_environment_is_enough",
    ),
    "the key is in no address and no log": (
        "protocol/test_client.py::test_the_key_and_the_body_travel_as_documented",
        "protocol/test_client.py::test_no_error_text_of_the_client_holds_the_key",
        "test_secret.py::test_no_way_of_printing_shows_it",
    ),
}


@cache
def names_in(path: str) -> list[str]:
    room = TESTS / "destinations" / "iterable" if path.startswith(FOLDERS) else TESTS
    tree = ast.parse((room / path).read_text(encoding="utf-8"))
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


@pytest.mark.parametrize("point", POINTS)
def test_each_point_is_held_by_tests(point: str) -> None:
    for test in POINTS[point]:
        path, name = test.split("::")
        assert name in names_in(path), test
