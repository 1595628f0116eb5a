create table forecast.explanations (
    run_id varchar not null,
    stream varchar not null,
    origin timestamptz not null,
    series_id varchar not null,
    day date not null,
    subject varchar not null,
    place integer not null,
    part varchar not null,
    value double not null
);
alter table forecast.explanations set partitioned by (stream, year(origin), month(origin));
alter table forecast.explanations set sorted by (origin, series_id, day, subject, place);

comment on table forecast.explanations is 'Parts of which forecasts of a day, and their changes since the origin before, are the sum: of the days that changed most. Key: run_id, stream, series_id, day, subject, place.';
comment on column forecast.explanations.run_id is 'Run that published the forecast; see forecast.runs.';
comment on column forecast.explanations.stream is 'Stream that is forecast.';
comment on column forecast.explanations.origin is 'First instant that was not known, UTC.';
comment on column forecast.explanations.series_id is 'Series that is forecast.';
comment on column forecast.explanations.day is 'Local date of the intervals that are summed, or averaged where values are means.';
comment on column forecast.explanations.subject is 'mean: parts of the published mean; change: parts of its change since the origin before.';
comment on column forecast.explanations.place is 'Order in which parts are added, from 0.';
comment on column forecast.explanations.part is 'What the part is, in words.';
comment on column forecast.explanations.value is 'What it adds, in the unit of the stream; negative where it takes away.';
