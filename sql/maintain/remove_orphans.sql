-- Files last written before $older_than that the catalog never heard of: their writer was killed.
call ducklake_delete_orphaned_files('lake', older_than => $older_than, dry_run => false)
