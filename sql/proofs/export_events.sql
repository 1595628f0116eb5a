-- All events, as a file: they touch streams by attributes.
copy (select * from history.events) to $file (format parquet)
