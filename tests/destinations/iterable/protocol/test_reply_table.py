"""The table from status and code to what is done, row by row."""

from __future__ import annotations

import pytest

from reverse_etl.destinations.iterable.protocol.replies import params_of
from reverse_etl.destinations.iterable.protocol.reply_table import classify_reply
from reverse_etl.destinations.replies import Action, ReplyDecision, kebab_case
from reverse_etl.destinations.request import Reply
from reverse_etl.errors import ConfigError

CHECKED_FIRST = (
    "BadJsonBody BadParams BatchTooLarge EmailAlreadyExists ForgottenUserError InvalidEmailAddressError"
    " InvalidUserIdError RequestFieldsTypesMismatched UnknownEmailError UnknownUserIdError UserIdAlreadyExists"
)
TABLE = [
    *[(200 + n, "", ReplyDecision(Action.READ)) for n in range(3)],
    (200, "GenericError", ReplyDecision(Action.READ)),
    *[
        (400, code, ReplyDecision(Action.SPLIT, code=kebab_case(code), too_many_rows=code == "BatchTooLarge"))
        for code in CHECKED_FIRST.split()
    ],
    (409, "ForgottenUserError", ReplyDecision(Action.SPLIT, code="forgotten-user-error")),
    (400, "", ReplyDecision(Action.SPLIT, applied=True, code="http-400")),
    (400, "Success", ReplyDecision(Action.SPLIT, applied=True, code="http-400")),
    (400, "QueueEmailError", ReplyDecision(Action.SPLIT, applied=True, code="queue-email-error")),
    (409, "ExternalKeyConflict", ReplyDecision(Action.SPLIT, applied=True, code="external-key-conflict")),
    (422, "", ReplyDecision(Action.SPLIT, applied=True, code="http-422")),
    (413, "", ReplyDecision(Action.SPLIT, code="http-413")),
    (400, "UniqueFieldsLimitExceeded", ReplyDecision(Action.STOP, code="unique-fields-limit-exceeded")),
    (400, "InvalidJwtPayload", ReplyDecision(Action.STOP, code="invalid-jwt-payload")),
    (400, "JwtUserIdentifiersMismatched", ReplyDecision(Action.STOP, code="jwt-user-identifiers-mismatched")),
    (401, "BadApiKey", ReplyDecision(Action.STOP, code="wrong-key")),
    (401, "Success", ReplyDecision(Action.STOP, code="wrong-key")),
    (403, "Forbidden", ReplyDecision(Action.STOP, code="forbidden-key")),
    (404, "", ReplyDecision(Action.STOP, code="unknown-endpoint")),
    (404, "error.catalogs.notFound", ReplyDecision(Action.STOP, code="unknown-endpoint")),
    (429, "RateLimitExceeded", ReplyDecision(Action.WAIT, code="rate-limited")),
    (429, "", ReplyDecision(Action.WAIT, code="rate-limited")),
    (408, "", ReplyDecision(Action.RETRY, applied=True, code="http-408")),
    *[
        (status, "", ReplyDecision(Action.RETRY, applied=True, code=f"http-{status}"))
        for status in (500, 502, 503, 504, 599)
    ],
    (500, "Success", ReplyDecision(Action.RETRY, applied=True, code="http-500")),
    *[(status, "", ReplyDecision(Action.STOP, applied=True, code="redirected")) for status in (301, 302, 307, 308)],
    (204, "", ReplyDecision(Action.STOP, applied=True, code="http-204")),
    (405, "", ReplyDecision(Action.STOP, applied=True, code="http-405")),
]


@pytest.mark.parametrize(("status", "code", "verdict"), TABLE)
def test_each_row_of_the_table(status, code, verdict):
    assert classify_reply(Reply(status, {"code": code, "msg": ""} if code else None)) == verdict


def test_no_reply_may_have_been_applied_only_if_it_was_sent():
    assert classify_reply(Reply(0, sent=True)) == ReplyDecision(Action.RETRY, applied=True, code="no-reply")
    assert classify_reply(Reply(0, sent=False)) == ReplyDecision(Action.RETRY, applied=False, code="no-reply")


@pytest.mark.parametrize(
    ("vendor", "ours"),
    [
        ("BadJsonBody", "bad-json-body"),
        ("error.users.noUserWithIdExists", "error-users-no-user-with-id-exists"),
        ("HTTPError", "http-error"),
        ("Success", ""),
        ("", ""),
        ("---", ""),
        ("A b\n<script>", "a-b-script"),
        ("Ünicode", ""),
    ],
)
def test_codes_of_the_vendor_become_ours(vendor, ours):
    assert kebab_case(vendor) == ours
    if ours:
        assert ConfigError(ours, "fits", hint="", context={}).code == ours


def test_a_code_of_any_length_is_cut():
    assert len(kebab_case("Ab" * 10_000)) < 200


@pytest.mark.parametrize("body", [None, [], "x", {"code": 5}, {"code": None}, {"params": []}, {"code": ["a"]}])
def test_envelopes_of_a_wrong_shape_have_no_code(body):
    reply = Reply(400, body)
    assert (reply.code, dict(params_of(reply))) == ("", {})
