create table planning.capacity (
    run_id varchar not null,
    stream varchar not null,
    series_id varchar not null,
    scenario varchar not null,
    origin timestamptz not null,
    forecast_run_id varchar not null,
    parallel varchar not null,
    capacity double not null,
    ceiling double not null,
    peak double not null,
    utilisation double not null,
    headroom double not null,
    suppressed double not null,
    growth double not null,
    runout_q05 date,
    runout_q10 date,
    runout_q25 date,
    runout_q50 date,
    runout_q75 date,
    runout_q90 date,
    runout_q95 date,
    runout_probability double not null,
    risk double not null,
    lead_days integer not null,
    order_by date,
    due boolean not null,
    step varchar,
    step_capacity double,
    cost double,
    wait_cost double,
    regret double,
    rule varchar not null
);
alter table planning.capacity set partitioned by (stream, year(origin), month(origin));
alter table planning.capacity set sorted by (origin, series_id, scenario);

comment on table planning.capacity is 'When each link runs out and what is to be ordered, as things are and with each parallel link failed, of every run, published or not; read analyst.capacity_latest and analyst.capacity_watchlist instead. Key: run_id, stream, series_id, scenario.';
comment on column planning.capacity.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.capacity.stream is 'Stream of the links.';
comment on column planning.capacity.series_id is 'Link, or group of trunks.';
comment on column planning.capacity.scenario is 'base, or n-1: and the parallel link that has failed, its traffic carried by the others of its group.';
comment on column planning.capacity.origin is 'First instant that was not known, UTC.';
comment on column planning.capacity.forecast_run_id is 'Run whose forecast of peaks was planned for.';
comment on column planning.capacity.parallel is 'Group of parallel links that it belongs to; empty where it belongs to none.';
comment on column planning.capacity.capacity is 'Capacity now, in the unit of the peak or, for groups of trunks, circuits.';
comment on column planning.capacity.ceiling is 'Limit that the peak must not pass: a share of the capacity, or the Erlangs that the circuits carry at the grade of service.';
comment on column planning.capacity.peak is 'Peak statistic at the origin.';
comment on column planning.capacity.utilisation is 'peak / capacity.';
comment on column planning.capacity.headroom is 'ceiling - peak; negative where the limit is passed.';
comment on column planning.capacity.suppressed is 'Estimated part of the demand at the peak that the full link did not carry, in the unit of the peak.';
comment on column planning.capacity.growth is 'Median growth of the peak a year, as a share, over the first 365 days or the horizon where that is shorter.';
comment on column planning.capacity.runout_q05 is 'Day by which the limit counts as passed with a probability of 5 in 100; NULL where it lies beyond the horizon.';
comment on column planning.capacity.runout_q10 is 'Day by which the limit counts as passed with a probability of 10 in 100; NULL where it lies beyond the horizon.';
comment on column planning.capacity.runout_q25 is 'Day by which the limit counts as passed with a probability of 25 in 100; NULL where it lies beyond the horizon.';
comment on column planning.capacity.runout_q50 is 'Median day on which the limit counts as passed; NULL where it lies beyond the horizon.';
comment on column planning.capacity.runout_q75 is 'Day by which the limit counts as passed with a probability of 75 in 100; NULL where it lies beyond the horizon.';
comment on column planning.capacity.runout_q90 is 'Day by which the limit counts as passed with a probability of 90 in 100; NULL where it lies beyond the horizon.';
comment on column planning.capacity.runout_q95 is 'Day by which the limit counts as passed with a probability of 95 in 100; NULL where it lies beyond the horizon.';
comment on column planning.capacity.runout_probability is 'Probability that the limit is passed within the horizon.';
comment on column planning.capacity.risk is 'Probability with which an order by order_by is in service before the limit is passed.';
comment on column planning.capacity.lead_days is 'Days from an order to its being in service.';
comment on column planning.capacity.order_by is 'Last day for an order at that risk; NULL where that lies beyond the horizon.';
comment on column planning.capacity.due is 'Whether order_by is the day of the origin or an earlier one.';
comment on column planning.capacity.step is 'Cheapest step of the catalogue that lasts; NULL where rule says otherwise.';
comment on column planning.capacity.step_capacity is 'Capacity with the step.';
comment on column planning.capacity.cost is 'Cost of the step.';
comment on column planning.capacity.wait_cost is 'Expected extra cost of ordering a quarter later, overload included; negative where a delay saves.';
comment on column planning.capacity.regret is 'Expected loss of a delay of a quarter, over the futures in which a delay loses.';
comment on column planning.capacity.rule is 'What decided the step: not_needed, sufficient, no_sufficient_step or no_catalogue.';
