-- A group has one name everywhere.
alter table planning.groups rename column group_id to group_key;
alter table planning.groups set sorted by (origin, group_key, ts, confidence);

comment on table planning.groups is 'Agents of each multi-skill group, each counted once; read analyst.groups_latest instead. Key: run_id, stream, group_key, ts, confidence.';
comment on column planning.groups.group_key is 'Group, as [planning.staffing.groups] names it.';

-- Aggregates have months.
comment on column forecast.aggregates.period is 'interval, day, week or month, local; a week is from Monday or, of a horizon without a whole one, its first seven days; a month has to lie in the horizon whole.';
