"""Close: release the lease and drop the plan."""

from __future__ import annotations

from reverse_etl.run.context import ApprovedRun, End
from reverse_etl.run.sending.journal import lease_lost_error


def close(context: ApprovedRun) -> End:
    """Return the end of the run. Raises LeaseError if another run took the lease."""
    lease, store = context.lease, context.store
    if not lease.close(entries=store.live_entries(), unknown=context.outcomes.has_unknown):
        raise lease_lost_error(lease.fence)
    store.finish(lease.fence)
    return End(context, context.problem, fence=lease.fence)
