-- Compaction keeps the origins of a file apart, so that one origin, or one series of it, is read without the others.
alter table forecast.forecasts set sorted by (origin, series_id, ts);
comment on column forecast.runs.kind is 'nightly, manual or backfill for forecasts; ingest, train, score or evaluate for the other steps; maintain for the lake''s upkeep.';
comment on column forecast.runs.stream is 'Stream that it worked on; * for all of them.';
