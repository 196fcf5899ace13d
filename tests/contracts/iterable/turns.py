"""What operations must do whose rows may be about one user: a row of each user a request, the next in the next one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.iterable.objects import Hooks
from tests.doubles.scripted_server import Answer, refusal

# Who the rows of a plan are about, in its order.
PEOPLE = "AABACDBBAE" * 3


class TurnsContract(Hooks):
    """Rows of one user in successive requests, in order, with any failure in between."""

    def about(self, ordinal, person):
        """A valid row with this number about a user, given as a capital letter, or about none if it is empty."""
        raise NotImplementedError

    def take_all(self, received):
        return Answer(200, self.good(len(self.sent_rows(received))))

    def rows_about(self, people):
        return [self.about(ordinal, person) for ordinal, person in enumerate(people)]

    def deliver(self, world, server, people=PEOPLE):
        return world.deliver(self.operation(), self.rows_about(people))

    def in_turn(self, server, people=PEOPLE):
        """No request has two rows of a user; and of two rows of a user, no attempt of the first follows the second."""
        latest: dict[str, int] = {}
        for got in server.requests:
            rows = self.sent_rows(got)
            names = [people[row] for row in rows]
            assert len(names) == len(set(names))
            for row in rows:
                assert row >= latest.get(people[row], 0), "a row went out after a later one of its user"
                latest[people[row]] = row

    def test_two_rows_of_a_user_go_in_successive_requests_in_order(self, world, server):
        server.answer = self.take_all
        assert self.deliver(world, server).accepted == set(range(len(PEOPLE)))
        self.in_turn(server)
        assert len(server.requests) >= PEOPLE.count("A")

    @pytest.mark.parametrize("share", [2, 3, 5])
    @pytest.mark.parametrize(
        "answer",
        [
            Answer(503),
            Answer(lost=True),
            refusal(429, "RateLimitExceeded", {"rateLimitReset": 2}),
        ],
        ids=["503", "lost", "429"],
    )
    def test_the_next_row_waits_until_the_last_one_got_through(self, world, server, answer, share):
        world.batch_rows = 2
        server.answer = lambda got: answer if len(server.requests) % share == 1 else self.take_all(got)
        assert self.deliver(world, server).accepted == set(range(len(PEOPLE)))
        self.in_turn(server)

    def test_threads_keep_the_order(self, world, server):
        world.batch_rows, world.concurrency = 2, 8
        server.answer = lambda got: Answer(503) if len(server.requests) % 4 == 0 else self.take_all(got)
        with ThreadPoolExecutor(8) as world.executor:
            assert self.deliver(world, server).accepted == set(range(len(PEOPLE)))
        self.in_turn(server)

    def test_a_refused_row_keeps_none_of_its_user_back(self, world, server):
        poison = {0, 5}
        bad = refusal(400, "BadJsonBody")
        server.answer = lambda got: bad if poison & set(self.sent_rows(got)) else self.take_all(got)
        done = self.deliver(world, server)
        assert done.statuses == {0: "rejected", 5: "rejected"}
        assert done.accepted == set(range(len(PEOPLE))) - poison
        self.in_turn(server)

    def test_rows_about_nobody_wait_for_none(self, world, server):
        server.answer = self.take_all
        people = [""] * 20
        assert self.deliver(world, server, people).accepted == set(range(20))
        assert len(server.requests) == -(-20 // self.operation().max_rows)

    def test_once_sending_is_not_allowed_what_was_put_off_is_not_sent(self, world, server):
        world.batch_rows = 2
        world.allowed = lambda: len(server.requests) < 3
        server.answer = self.take_all
        done = self.deliver(world, server)
        assert len(server.requests) == 3
        assert set(done.statuses.values()) == {"aborted"}
        self.in_turn(server)
