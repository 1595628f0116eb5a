-- What distinguishes a snapshot from another of the same number, in a catalog that took another way from a backup on.
select commit_extra_info
from __ducklake_metadata_lake.ducklake_snapshot_changes
where snapshot_id = $snapshot_id
