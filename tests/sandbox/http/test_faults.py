from __future__ import annotations

import threading

import pytest
import requests

from reverse_etl.sandbox import FAULTS, SandboxOptions, start_sandbox
from reverse_etl.sandbox.rules.faults import FaultSwitches

ANN = {"email": "ann@shop.com"}
PATIENCE = 0.3


def statuses(api, count=60):
    return [api.update(email=f"user{number}@shop.com").status_code for number in range(count)]


def emails(api):
    return [user["email"] for user in api.get("/sandbox/users").json()]


def read_result(api, wait):
    """Return the result of one update: a status, or the name of the error."""
    try:
        return api.post("/api/users/update", ANN, timeout=wait).status_code
    except requests.exceptions.ReadTimeout:
        return "silence"
    except requests.exceptions.ConnectionError:
        return "broken"


@pytest.mark.parametrize(
    ("fault", "status", "kind", "told"),
    [
        ("429", 429, "application/json", '"code":"RateLimitExceeded"'),
        ("500", 500, "application/json", '"code":"GenericError"'),
        ("503", 503, "text/plain; charset=utf-8", "try again later"),
        ("html-502", 502, "text/html; charset=utf-8", "<h1>502 Bad Gateway</h1>"),
    ],
)
def test_an_error_comes_instead_of_the_answer_and_nothing_is_applied(project_of, fault, status, kind, told):
    api = project_of(faults=(fault,))
    reply = api.update(**ANN)
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, kind)
    assert told in reply.text
    assert "Iterable-Request-Id" in reply.headers
    assert emails(api) == []


@pytest.mark.parametrize(
    ("fault", "comes", "applied"),
    [
        ("timeout-before", "silence", False),
        ("timeout-after", "silence", True),
        ("reset", "broken", False),
        ("reset-after", "broken", True),
    ],
)
def test_no_answer_comes_and_the_name_says_whether_the_request_was_applied(project_of, fault, comes, applied):
    api = project_of(faults=(fault,))
    assert read_result(api, 0.5 if comes == "silence" else 10) == comes
    while not (entries := api.get("/sandbox/requests").json()):
        pass  # the client gave up before the server began
    (logged,) = entries
    assert (logged["status"], logged["fault"], logged["summary"].startswith(f"{fault}: no response")) == (
        0,
        fault,
        True,
    )
    assert emails(api) == ["ann@shop.com"] * applied


def test_a_reset_is_one_for_the_client_too(project_of):
    with pytest.raises(requests.exceptions.ConnectionError, match="reset by peer"):
        project_of(faults=("reset",)).update(**ANN)


def test_a_refusal_for_the_rate_looks_like_a_true_one(project_of):
    api = project_of(faults=("429",), retry_after=True)
    reply = api.bulk(ANN)
    assert reply.json()["params"] == {"rateLimitLimit": 5, "rateLimitRemaining": 0, "rateLimitReset": 1}
    assert reply.headers["Retry-After"] == "1"


def test_unknown_members_are_added_to_answers_that_are_objects(project_of):
    api = project_of(faults=("unknown-fields",))
    reply = api.bulk(ANN).json()
    assert (reply["successCount"], "unknownMember" in reply) == (1, True)
    assert "unknownMember" not in api.bulk().json()
    assert emails(api) == ["ann@shop.com"]


def test_slow_requests_wait_beside_each_other(project_of):
    api = project_of(faults=("slow:1s",))
    threads = [threading.Thread(target=read_result, args=(api, 10)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry["status"] for entry in api.get("/sandbox/requests").json()] == [200] * 20


def test_a_held_request_holds_no_other_and_ends_with_the_server():
    with start_sandbox(SandboxOptions(port=0, faults=("timeout-before",))) as sandbox:
        ended = []

        def ask():
            with pytest.raises(requests.exceptions.ConnectionError) as caught:
                requests.post(sandbox.url + "/api/users/update", json=ANN, timeout=60)
            ended.append(type(caught.value))

        held = [threading.Thread(target=ask) for _ in range(3)]
        for thread in held:
            thread.start()
        while len(requests.get(sandbox.url + "/sandbox/requests", timeout=10).json()) < 3:
            pass
        assert not ended
    for thread in held:
        thread.join()
    assert ended == [requests.exceptions.ConnectionError] * 3


@pytest.mark.parametrize("path", ["/", "/limits", "/sandbox/users", "/sandbox/faults"])
def test_pages_and_readbacks_meet_no_fault(project_of, path):
    assert project_of(faults=("500", "slow:600s")).get(path, timeout=10).status_code == 200


def test_what_is_no_endpoint_meets_none_either(project_of):
    assert project_of(faults=("500",)).get("/api/nothing").status_code == 404


def test_shares_are_kept_and_the_same_requests_meet_the_same_faults(project_of):
    api = project_of(faults=("429:0.3", "500:0.2"), seed=7)
    first = statuses(api)
    assert 5 < first.count(429) < 32
    assert 2 < first.count(500) < 25
    api.project.reset()
    assert statuses(api) == first
    assert statuses(api) != first
    assert statuses(project_of(faults=("429:0.3", "500:0.2"), seed=8)) != first


def test_the_order_of_the_requests_changes_nothing():
    requests_ = [(b"POST", b"%d" % number) for number in range(200)]
    one, other = FaultSwitches(["500:0.4"], 7), FaultSwitches(["500:0.4"], 7)
    forth = {request: one.draw_faults(*request) for request in requests_}
    back = {request: other.draw_faults(*request) for request in reversed(requests_)}
    assert forth == back
    assert one.counts == other.counts
    assert 40 < one.counts["500"] < 120


def test_a_repeated_request_draws_again():
    faults = FaultSwitches(["500:0.5"], 7)
    assert {faults.draw_faults(b"the same").fault for _ in range(50)} == {"", "500"}


def test_faults_are_set_and_told_while_it_runs(api):
    reply = api.post("/sandbox/faults", {"faults": ["500", "slow:1ms"], "seed": 3})
    assert reply.json() == {"faults": ["500", "slow:1ms"], "seed": 3, "met": {}}
    assert api.update(**ANN).status_code == 500
    assert api.get("/sandbox/faults").json()["met"] == {"500": 1, "slow": 1}
    api.post("/sandbox/faults", {})
    assert api.update(**ANN).status_code == 200


@pytest.mark.parametrize("body", [{"faults": ["501"]}, {"faults": "500"}, {"faults": [], "seed": "x"}])
def test_a_wrong_setting_is_refused_and_the_old_one_stays(project_of, body):
    api = project_of(faults=("500",))
    assert api.post("/sandbox/faults", body).status_code == 400
    assert api.get("/sandbox/faults").json()["faults"] == ["500"]


def test_a_reset_project_has_the_faults_that_it_began_with(project_of):
    api = project_of(faults=("500",))
    api.post("/sandbox/faults", {"faults": ["429"]})
    api.post("/sandbox/reset")
    assert api.get("/sandbox/faults").json() == {"faults": ["500"], "seed": 0, "met": {}}


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["501"], r"'501' is not a fault; did you mean 50[03]\? There are 429, 500, .*unknown-fields"),
        (["Timeout-Before"], "did you mean timeout-before"),
        ([""], "'' is not a fault. There are"),
        (["429:5%"], "a number from 0 to 1, for example 429:0.05"),
        (["429:1.5"], "a number from 0 to 1"),
        (["429:nan"], "a number from 0 to 1"),
        (["slow"], "slow takes a duration"),
        (["slow:200"], "for example slow:200ms or slow:1.5s"),
        (["slow:601s"], "at most 600 s"),
        (["500", "500:0.1"], "500 is named more than once"),
        (["429:0.6", "500:0.6"], "add up to 1.2, which is more than 1"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_is_allowed(texts, told):
    with pytest.raises(ValueError, match=told):
        SandboxOptions(faults=tuple(texts))


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_told_as_it_is_typed(name):
    text = "slow:1500ms" if name == "slow" else f"{name}:0.25"
    assert [str(fault) for fault in FaultSwitches([text]).active] == [text]
