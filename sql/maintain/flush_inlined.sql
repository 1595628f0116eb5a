-- Rows of small inserts, which the catalog held itself, go to files.
call ducklake_flush_inlined_data('lake')
