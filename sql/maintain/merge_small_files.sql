-- Of each table one group of neighbours below 16 MiB becomes one file, sorted as the table is. A night of 2,000 series is
-- above that and stays as it was written.
call ducklake_merge_adjacent_files('lake', max_compacted_files => 1, max_file_size => 16777216)
