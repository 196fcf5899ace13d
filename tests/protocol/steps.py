"""The steps of a run, each one statement or one request: look, acquire, recover, plan, flush, send, commit, close.

Each takes the world and a runner at that step and yields the moves it can make. Knows no fault and no search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .journal import merge
from .plan import nothing_to_do, planned_rows
from .rules import Commit, Fence, Rules
from .world import GONE, QUEUED, Journal, Lease, Merge, Request, Runner, World, advance, entry, leave

Move = tuple[str, World]
Moves = Iterator[Move]


def moves(world: World, runner: Runner, rules: Rules) -> Moves:
    """Everything this runner can do next."""
    for step in _STEPS[runner.at]:
        yield from step(world, runner, rules)


def look(world: World, runner: Runner, rules: Rules) -> Moves:
    """Read only. Nothing to do and no open run: done."""
    if nothing_to_do(world, rules):
        yield f"p{runner.pid} looks: nothing to do", leave(world, runner)
    else:
        yield f"p{runner.pid} looks", advance(world, runner, runner._replace(at="acquire"))


def acquire(world: World, runner: Runner, rules: Rules) -> Moves:
    """Take a free or expired lease with the next fence, once no earlier request can still land."""
    lease = world.lease
    quiet = not any(request.state == QUEUED for request in world.requests)
    if (lease.holder == GONE or lease.expired) and (quiet or not rules.acquires_when_quiet):
        taken = Lease(lease.fence + 1, runner.pid, open_run=lease.open_run)
        acquired = advance(world, runner, runner._replace(at="recover", fence=taken.fence))
        yield f"p{runner.pid} acquires fence {taken.fence}", acquired._replace(lease=taken)


def recover(world: World, runner: Runner, rules: Rules) -> Moves:
    """Roll the journal of an open run forward under its own fence; never continue it."""
    run = world.lease.open_run
    if _fenced(world, runner, rules):
        yield _exit(world, runner, "recover")
    elif run is None:
        yield f"p{runner.pid} finds nothing to recover", advance(world, runner, runner._replace(at="plan"))
    elif rules.commit is Commit.STATEMENTS:
        label, merging = _submit(world, runner, run)
        yield label, advance(merging, runner, runner._replace(at="close recovered"))
    else:
        recovered = world._replace(snapshot=merge(world, run, rules), lease=world.lease._replace(open_run=None))
        yield f"p{runner.pid} rolls run {run.fence} forward", advance(recovered, runner, runner._replace(at="plan"))


def close_recovered(world: World, runner: Runner, rules: Rules) -> Moves:
    """Once the merge has executed, close the dead run but keep the lease."""
    if _merging(world, runner):
        return
    if _fenced(world, runner, rules):
        yield _exit(world, runner, "close")
    else:
        closed = world._replace(lease=world.lease._replace(open_run=None))
        yield f"p{runner.pid} closes the dead run", advance(closed, runner, runner._replace(at="plan"))


def plan(world: World, runner: Runner, rules: Rules) -> Moves:
    """Freeze what to send; nothing to send closes the run."""
    if _fenced(world, runner, rules):
        yield _exit(world, runner, "plan")
        return
    rows = planned_rows(world, rules)
    if not rows:
        yield f"p{runner.pid} plans nothing", leave(_released(world, runner, rules), runner)
        return
    credit = 0 if rules.credit_before_send else len(rows)
    opened = world._replace(lease=world.lease._replace(open_run=Journal(runner.fence, rows, 0)))
    if not rules.claims_after_sending:
        snapshot = list(world.snapshot)
        for row in rows:
            snapshot[row.key] = entry(row.value)
        opened = opened._replace(snapshot=tuple(snapshot))
    frozen = ", ".join(f"key {row.key} = {row.value}" for row in rows)
    yield f"p{runner.pid} plans {frozen}", advance(opened, runner, runner._replace(at="send", plan=rows, credit=credit))


def flush(world: World, runner: Runner, rules: Rules) -> Moves:
    """Heartbeat, journal and credit in one statement."""
    if _fenced(world, runner, rules):
        yield _exit(world, runner, "flush")
        return
    last = world.lease.open_run
    written = runner.journal(_next_credit(runner, rules))
    if last is None or (written == last and not world.lease.expired):
        return
    if not rules.rejections_first:
        written = _ranges_first(written, last)
    lease = world.lease._replace(open_run=written, expired=False)
    label = (
        f"p{runner.pid} flushes: acknowledged {sorted(written.acknowledged)},"
        f" rejected {sorted(written.rejected)}, credit {written.credit}"
    )
    yield label, advance(world, runner, runner._replace(credit=written.credit))._replace(lease=lease)


def send(world: World, runner: Runner, rules: Rules) -> Moves:
    """The next ordinal below the credit, or a retry of one without a reply, before the deadline only."""
    if rules.sends_before_deadline and (world.lease.fence != runner.fence or world.lease.expired):
        return
    if runner.sent < runner.credit:
        yield _request(world, runner._replace(sent=runner.sent + 1), runner, runner.sent)
    for ordinal in sorted(runner.unknown - runner.in_flight - runner.retried):
        yield _request(world, runner._replace(retried=runner.retried | {ordinal}), runner, ordinal)


def commit(world: World, runner: Runner, rules: Rules) -> Moves:
    """One merge of the final journal, when every ordinal has an outcome (or the run was stopped)."""
    stops = world.faults.stops < rules.limits.stops
    complete = runner.sent == len(runner.plan)
    if runner.in_flight or not (complete or stops):
        return
    if not complete:
        world = world._replace(faults=world.faults._replace(stops=world.faults.stops + 1))
    run = runner.journal(runner.credit)
    if rules.fence is Fence.READ_BEFORE and world.lease.fence == runner.fence:
        yield f"p{runner.pid} reads the lease: still its own", advance(world, runner, runner._replace(at="merge"))
    elif rules.fence is not Fence.IGNORED and world.lease.fence != runner.fence:
        yield _exit(world, runner, "commit")
    elif rules.commit is Commit.STATEMENTS:
        label, merging = _submit(world, runner, run)
        yield label, advance(merging, runner, runner._replace(at="close"))
    elif rules.commit is Commit.FENCED:
        merged = world._replace(snapshot=merge(world, run, rules), lease=world.lease._replace(open_run=run))
        yield f"p{runner.pid} merges", advance(merged, runner, runner._replace(at="close"))
    else:
        yield from merge_and_close(world, runner, rules)


def merge_and_close(world: World, runner: Runner, rules: Rules) -> Moves:
    """The merge and the closing of the run as one, without another look at the lease."""
    merged = _merged(world, runner, rules) if rules.claims_after_sending else world
    yield f"p{runner.pid} commits run {runner.fence}", leave(_released(merged, runner, rules), runner)


def close(world: World, runner: Runner, rules: Rules) -> Moves:
    """Once the merge has executed, clear holder and run."""
    if _merging(world, runner):
        return
    if _fenced(world, runner, rules):
        yield _exit(world, runner, "close")
    else:
        yield f"p{runner.pid} closes the run", leave(_released(world, runner, rules), runner)


_Step = Callable[[World, Runner, Rules], Moves]
_STEPS: dict[str, tuple[_Step, ...]] = {
    "look": (look,),
    "acquire": (acquire,),
    "recover": (recover,),
    "close recovered": (close_recovered,),
    "plan": (plan,),
    "send": (send, flush, commit),
    "merge": (merge_and_close,),
    "close": (close,),
}


def _fenced(world: World, runner: Runner, rules: Rules) -> bool:
    return rules.fence is not Fence.IGNORED and world.lease.fence != runner.fence


def _exit(world: World, runner: Runner, step: str) -> Move:
    return f"p{runner.pid} is fenced off at {step} and exits", leave(world, runner)


def _released(world: World, runner: Runner, rules: Rules) -> World:
    if rules.fence is not Fence.IGNORED and world.lease.fence != runner.fence:
        return world
    return world._replace(lease=Lease(world.lease.fence))


def _merged(world: World, runner: Runner, rules: Rules) -> World:
    return world._replace(snapshot=merge(world, runner.journal(runner.credit), rules))


def _submit(world: World, runner: Runner, run: Journal) -> Move:
    submitted = Merge(runner.pid, run)
    label = f"p{runner.pid} submits the merge of run {run.fence}"
    return label, world._replace(merges=tuple(sorted((*world.merges, submitted), key=repr)))


def _merging(world: World, runner: Runner) -> bool:
    return any(submitted.client == runner.pid for submitted in world.merges)


def _next_credit(runner: Runner, rules: Rules) -> int:
    total = len(runner.plan)
    if not rules.bounds_credit:
        return total
    frontier = next((ordinal for ordinal in range(total) if ordinal not in runner.resolved), total)
    return max(runner.credit, min(total, frontier + rules.window))


def _ranges_first(written: Journal, last: Journal) -> Journal:
    answered = written.acknowledged | written.rejected
    if last.acknowledged != answered:
        return written._replace(acknowledged=answered, rejected=last.rejected)
    return written


def _request(world: World, sender: Runner, runner: Runner, ordinal: int) -> Move:
    row = runner.plan[ordinal]
    request = Request(runner.fence, ordinal, row.key, row.value, runner.pid)
    sent = advance(world, runner, sender._replace(in_flight=runner.in_flight | {ordinal}))
    label = f"p{runner.pid} sends key {row.key} = {row.value}"
    return label, sent._replace(requests=tuple(sorted((*world.requests, request))))
