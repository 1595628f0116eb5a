-- Everything that this ingest rejects, events and rows alike. series_id: as the source gave it, perhaps no name at all.
create or replace temp table rejected (reason varchar, raw varchar, ts timestamptz, series_id varchar)
