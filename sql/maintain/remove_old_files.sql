-- Files that no snapshot has named since $older_than.
call ducklake_cleanup_old_files('lake', older_than => $older_than, dry_run => $dry_run)
