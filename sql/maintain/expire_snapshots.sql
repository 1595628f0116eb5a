-- The newest snapshot stays, however old.
call ducklake_expire_snapshots('lake', older_than => $older_than, dry_run => $dry_run)
