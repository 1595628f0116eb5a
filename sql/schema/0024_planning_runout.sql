create table planning.runout (
    run_id varchar not null,
    stream varchar not null,
    series_id varchar not null,
    scenario varchar not null,
    date date not null,
    origin timestamptz not null,
    probability double not null
);
alter table planning.runout set partitioned by (stream, year(origin), month(origin));
alter table planning.runout set sorted by (origin, series_id, scenario, date);

comment on table planning.runout is 'Probability of having passed the limit by the end of each quarter; read analyst.runout_latest instead. Key: run_id, stream, series_id, scenario, date.';
comment on column planning.runout.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.runout.stream is 'Stream of the links.';
comment on column planning.runout.series_id is 'Link, or group of trunks.';
comment on column planning.runout.scenario is 'base, or n-1: and the parallel link that has failed.';
comment on column planning.runout.date is 'End of a quarter inside the horizon, or the horizon''s last day.';
comment on column planning.runout.origin is 'First instant that was not known, UTC.';
comment on column planning.runout.probability is 'Probability that the limit has been passed by that day, the day itself included.';
