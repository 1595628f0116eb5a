alter table forecast.blocks add column series_ids varchar[];
alter table forecast.blocks add column groups varchar[];

create table forecast.block_sums (
    run_id varchar not null,
    stream varchar not null,
    origin timestamptz not null,
    block integer not null,
    level varchar not null,
    group_key varchar not null,
    is_open boolean[] not null,
    paths double[] not null
);
alter table forecast.block_sums set partitioned by (stream, year(origin), month(origin));
alter table forecast.block_sums set sorted by (origin, block, level, group_key);

comment on column forecast.blocks.block is 'Number of the block, from 0, in the order of series_id, or of the hierarchy where the stream has one.';
comment on column forecast.blocks.rows is 'Number of rows of forecasts, surges, aggregates, paths and block_sums.';
comment on column forecast.blocks.series_ids is 'The series of the block where it follows the hierarchy of the stream; NULL where it holds all from the first to the last.';
comment on column forecast.blocks.groups is 'Groups whose series all lie in the block, as level:key; NULL for a stream without a hierarchy.';

comment on table forecast.block_sums is 'What blocks of series add to groups that lie in several of them; the sums are in forecast.aggregates. Key: run_id, stream, block, level, group_key.';
comment on column forecast.block_sums.run_id is 'Run that made the row; see forecast.runs.';
comment on column forecast.block_sums.stream is 'Stream that is forecast.';
comment on column forecast.block_sums.origin is 'First instant that was not known, UTC.';
comment on column forecast.block_sums.block is 'Number of the block; see forecast.blocks.';
comment on column forecast.block_sums.level is 'Level of the hierarchy.';
comment on column forecast.block_sums.group_key is 'Group, as in forecast.aggregates.';
comment on column forecast.block_sums.is_open is 'Whether one of the block''s series of the group is open in each interval of the horizon.';
comment on column forecast.block_sums.paths is 'Sums of the sample paths of the block''s series of the group: for each interval of the horizon the value of every path, one interval after the other.';
