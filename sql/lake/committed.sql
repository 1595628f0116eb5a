-- Whether a transaction with this token was committed, after the connection was lost in its commit.
select count(*) > 0
from __ducklake_metadata_lake.ducklake_snapshot_changes
where commit_extra_info = $token
