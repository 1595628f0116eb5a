-- Everything that this ingest rejects, events and rows alike.
create or replace temp table rejected (reason varchar, raw varchar, ts timestamptz)
