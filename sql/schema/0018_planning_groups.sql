create table planning.groups (
    run_id varchar not null,
    stream varchar not null,
    group_id varchar not null,
    ts timestamptz not null,
    risk double not null,
    origin timestamptz not null,
    agents integer not null,
    rostered integer not null
);
alter table planning.groups set partitioned by (stream, year(origin), month(origin));
alter table planning.groups set sorted by (origin, group_id, ts, risk);

comment on table planning.groups is 'People of each group that answers for several pools, nobody counted twice; read analyst.groups_latest instead. Key: run_id, stream, group_id, ts, risk.';
comment on column planning.groups.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.groups.stream is 'Stream of the calls.';
comment on column planning.groups.group_id is 'Group, as [planning.staffing.groups] names it.';
comment on column planning.groups.ts is 'UTC start of the interval.';
comment on column planning.groups.risk is 'Probability of meeting the target in an interval that the pools'' agents were planned for.';
comment on column planning.groups.origin is 'First instant that was not known, UTC.';
comment on column planning.groups.agents is 'Agents of the group on the phones.';
comment on column planning.groups.rostered is 'People of the group to roster: agents / (1 - shrinkage), rounded up.';
