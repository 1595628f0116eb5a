create table planning.shifts (
    run_id varchar not null,
    stream varchar not null,
    pool_id varchar not null,
    week date not null,
    person integer not null,
    ts timestamptz not null,
    origin timestamptz not null,
    shift varchar not null,
    until timestamptz not null,
    breaks varchar not null
);
alter table planning.shifts set partitioned by (stream, year(origin), month(origin));
alter table planning.shifts set sorted by (origin, pool_id, week, person, ts);

comment on table planning.shifts is 'Shifts person by person; read analyst.shifts_latest instead. Key: run_id, stream, pool_id, week, person, ts.';
comment on column planning.shifts.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.shifts.stream is 'Stream of the calls.';
comment on column planning.shifts.pool_id is 'Pool of series that one team answers.';
comment on column planning.shifts.week is 'Local Monday of the week.';
comment on column planning.shifts.person is 'Number within the pool''s week, from 1; it names no particular employee.';
comment on column planning.shifts.ts is 'Start of the shift, UTC.';
comment on column planning.shifts.origin is 'First instant that was not known, UTC.';
comment on column planning.shifts.shift is 'Shift of the catalogue.';
comment on column planning.shifts.until is 'End of the shift, exclusive, UTC.';
comment on column planning.shifts.breaks is 'Breaks, as a JSON list of [start, end] in ISO 8601, UTC.';
