create table planning.findings (
    run_id varchar not null,
    stream varchar not null,
    series_id varchar not null,
    finding varchar not null,
    origin timestamptz not null,
    note varchar not null
);
alter table planning.findings set partitioned by (stream, year(origin), month(origin));
alter table planning.findings set sorted by (origin, series_id, finding);

comment on table planning.findings is 'Remarks of a capacity plan on series: beside their rows, or in their place; read analyst.capacity_findings instead. Key: run_id, stream, series_id, finding.';
comment on column planning.findings.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.findings.stream is 'Stream of the links.';
comment on column planning.findings.series_id is 'Series, or group of the hierarchy.';
comment on column planning.findings.finding is 'What was found: no_capacity, no_forecast, capacity_changed, no_sufficient_step, alone, orphan or two_parents.';
comment on column planning.findings.origin is 'First instant that was not known, UTC.';
comment on column planning.findings.note is 'The finding in one line.';
