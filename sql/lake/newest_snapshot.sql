-- Newest snapshot of the lake, and what distinguishes it from another of the same number.
select snapshots.snapshot_id, changes.commit_extra_info
from __ducklake_metadata_lake.ducklake_snapshot as snapshots
left join __ducklake_metadata_lake.ducklake_snapshot_changes as changes on snapshots.snapshot_id = changes.snapshot_id
where snapshots.snapshot_id = (select max(snapshot_id) from __ducklake_metadata_lake.ducklake_snapshot)
