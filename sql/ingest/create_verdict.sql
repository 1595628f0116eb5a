-- Rows of the batch that a contract rejects.
create or replace temp table verdict (row_no bigint, reason varchar)
