-- What was written to a lake by anything but its making and this move.
select count(*) as n, min(commit_message) as first
from __ducklake_metadata_lake.ducklake_snapshot_changes
where snapshot_id > 0 and coalesce(commit_message, '') not in ('migrate', $message)
