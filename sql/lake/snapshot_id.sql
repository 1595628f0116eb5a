-- Newest snapshot of the lake.
select max(snapshot_id) from lake.snapshots()
