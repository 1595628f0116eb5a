-- What one table holds of a stream, as a file.
copy (select * from query_table($table) where stream = $stream) to $file (format parquet)
