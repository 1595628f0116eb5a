create table forecast.combinations (
    run_id varchar not null,
    stream varchar not null,
    origin timestamptz not null,
    model_id varchar,
    series integer not null,
    sampled integer not null,
    combination varchar not null
);
alter table forecast.combinations set partitioned by (stream, year(origin), month(origin));
alter table forecast.combinations set sorted by (origin);

create table forecast.blocks (
    run_id varchar not null,
    stream varchar not null,
    origin timestamptz not null,
    block integer not null,
    first_series varchar not null,
    last_series varchar not null,
    series integer not null,
    rows bigint not null,
    content_hash varchar not null,
    findings varchar not null
);
alter table forecast.blocks set partitioned by (stream, year(origin), month(origin));
alter table forecast.blocks set sorted by (origin, block);

comment on table forecast.combinations is 'What the forecast of a large stream learned from a sample of its series, for all of them; one row a run that works in blocks. Key: run_id, stream.';
comment on column forecast.combinations.run_id is 'Run that made the row; see forecast.runs.';
comment on column forecast.combinations.stream is 'Stream that is forecast.';
comment on column forecast.combinations.origin is 'First instant that was not known, UTC.';
comment on column forecast.combinations.model_id is 'Trained model whose members forecast; see forecast.models. NULL for a forecast without one.';
comment on column forecast.combinations.series is 'Number of the stream''s series at the origin.';
comment on column forecast.combinations.sampled is 'Number of series that were sampled.';
comment on column forecast.combinations.combination is 'As JSON: members, limits of the groups of series, weights by group, days ahead and member, calibration factors by group, days ahead and quantile, and columns of the held-back origins.';

comment on table forecast.blocks is 'Blocks of series that the run of a large stream has forecast; the run is published once all are here. Key: run_id, stream, block.';
comment on column forecast.blocks.run_id is 'Run that made the row; see forecast.runs.';
comment on column forecast.blocks.stream is 'Stream that is forecast.';
comment on column forecast.blocks.origin is 'First instant that was not known, UTC.';
comment on column forecast.blocks.block is 'Number of the block, from 0, in the order of series_id.';
comment on column forecast.blocks.first_series is 'First series of the block.';
comment on column forecast.blocks.last_series is 'Last series of the block.';
comment on column forecast.blocks.series is 'Number of series.';
comment on column forecast.blocks.rows is 'Number of rows of forecasts and surges.';
comment on column forecast.blocks.content_hash is 'Hash of the values of these rows.';
comment on column forecast.blocks.findings is 'As JSON: series by tier, sums of the members'' weights, age of the feed, and what was set aside.';
