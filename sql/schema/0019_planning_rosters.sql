create table planning.rosters (
    run_id varchar not null,
    stream varchar not null,
    pool_id varchar not null,
    week date not null,
    origin timestamptz not null,
    risk double not null,
    heads integer not null,
    paid_hours double not null,
    short_hours double not null,
    over_hours double not null,
    bound double not null,
    gap double not null
);
alter table planning.rosters set partitioned by (stream, year(origin), month(origin));
alter table planning.rosters set sorted by (origin, pool_id, week);

comment on table planning.rosters is 'What the shifts of a pool and week cost and cover; read analyst.rosters_latest instead. Key: run_id, stream, pool_id, week.';
comment on column planning.rosters.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.rosters.stream is 'Stream of the calls.';
comment on column planning.rosters.pool_id is 'Pool of series that one team answers.';
comment on column planning.rosters.week is 'Local Monday of the week.';
comment on column planning.rosters.origin is 'First instant that was not known, UTC.';
comment on column planning.rosters.risk is 'Level of risk whose rostered people the shifts cover.';
comment on column planning.rosters.heads is 'People who work a shift of the week.';
comment on column planning.rosters.paid_hours is 'Hours paid.';
comment on column planning.rosters.short_hours is 'Hours of people who are needed and not there.';
comment on column planning.rosters.over_hours is 'Hours of people at work beyond those needed.';
comment on column planning.rosters.bound is 'Lower bound of the objective: paid hours and the penalty of short ones.';
comment on column planning.rosters.gap is 'Most that the objective may be above the best one, as a share of the paid hours.';
