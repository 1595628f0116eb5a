create table forecast.surges (
    run_id varchar not null,
    stream varchar not null,
    series_id varchar not null,
    starts_at timestamptz not null,
    origin timestamptz not null,
    ends_at timestamptz not null,
    days integer not null,
    factor double not null,
    ongoing boolean not null
);
alter table forecast.surges set partitioned by (stream, year(origin), month(origin));
alter table forecast.surges set sorted by (origin, series_id, starts_at);

comment on table forecast.surges is 'Runs of days far above or below what a series does, as found at the origin of every run, published or not; read analyst.surges_latest instead. Key: run_id, stream, series_id, starts_at.';
comment on column forecast.surges.run_id is 'Run that made the row; see forecast.runs.';
comment on column forecast.surges.stream is 'Stream that was forecast.';
comment on column forecast.surges.series_id is 'Stable key of one series inside the stream.';
comment on column forecast.surges.starts_at is 'First instant of the surge, UTC.';
comment on column forecast.surges.origin is 'First instant that was not known, UTC.';
comment on column forecast.surges.ends_at is 'End of the surge, or of what is known of it, exclusive, UTC.';
comment on column forecast.surges.days is 'Days from its first to its last.';
comment on column forecast.surges.factor is 'Its volume over the usual one; below 1 for a slump.';
comment on column forecast.surges.ongoing is 'True where no usual day was known after it.';

comment on table history.events is 'Holidays beyond the calendar, campaigns, closures, outages, and what a person said of a surge; append-only. Key: event_id, known_at; current is the greatest known_at.';
comment on column history.events.kind is 'holiday, campaign, closure, outage, surge (demand to be kept out of the forecast) or demand (to be used, though it looks like a surge).';
comment on column forecast.publications.rows is 'Number of the run''s rows in all tables of its kind: forecasts, aggregates, paths and surges, or those of a plan.';
