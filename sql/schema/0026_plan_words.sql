-- Plans in the field's own words: a probability of success is a confidence, the loss by a delay an expected delay loss.
alter table planning.staffing rename column risk to confidence;
alter table planning.staffing rename column load_at_risk to load_at_confidence;
alter table planning.staffing_periods rename column risk to confidence;
alter table planning.groups rename column risk to confidence;
alter table planning.rosters rename column risk to confidence;
alter table planning.capacity rename column risk to confidence;
alter table planning.capacity rename column regret to expected_delay_loss;

alter table planning.staffing set sorted by (origin, pool_id, ts, confidence);
alter table planning.staffing_periods set sorted by (origin, pool_id, period, ts, confidence);
alter table planning.groups set sorted by (origin, group_id, ts, confidence);

update planning.staffing set rule = 'earlier_surplus' where rule = 'carried';

comment on column planning.staffing.confidence is 'Probability of meeting the target in an interval that the row is planned for, on the average of a local day.';
comment on column planning.staffing.load_at_confidence is 'Load, in Erlangs, that is not exceeded with probability confidence. Sampling noise of single calls is removed: the queueing formula brings its own.';
comment on column planning.staffing.rule is 'What decided: target, earlier_surplus (earlier intervals of the day were rounded up beyond the target), min_agents, max_occupancy or no_load.';
comment on column planning.staffing_periods.confidence is 'Probability of meeting the target in an interval that the agents were planned for.';
comment on column planning.groups.confidence is 'Probability of meeting the target in an interval that the agents of the pools were planned for.';
comment on column planning.rosters.confidence is 'Level of confidence whose rostered people the shifts cover.';
comment on column planning.capacity.confidence is 'Probability with which an order by order_by is in service before the limit is passed.';
comment on column planning.capacity.order_by is 'Last day for an order at that confidence; NULL where that lies beyond the horizon.';
comment on column planning.capacity.expected_delay_loss is 'Expected loss of a delay of a quarter, over the futures in which a delay loses.';
