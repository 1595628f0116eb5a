-- Comments in plain words: which publication is current, what produced a forecast, past origins. Every table's comment names
-- its key as it is now.
comment on table meta.migrations is 'Which schema files were applied to this lake. Key: version.';

comment on column history.events.name is 'Name of the event.';
comment on column history.events.scope is 'Series that it affects: attribute name to value, all of which must match; stream and series_id may be named too; empty means all.';
comment on column history.quarantine.resolved_at is 'Wall clock of the replay that took the row in; NULL until then.';

comment on table forecast.publications is 'Which run is current for a stream and origin: that of the newest row. Key: stream, origin, published_at. Rows of a run are visible once they are named here.';
comment on column forecast.publications.kind is 'nightly, manual or backfill for forecasts, plan for plans; forecasts and plans replace only their own kind.';
comment on column forecast.publications.replaces is 'Run that was current for this stream and origin before, a forecast or a plan as this one; NULL for the first.';

comment on column forecast.forecasts.tier is 'What produced this series'' forecast: ensemble, trees, nbeats, tft, profile, growth, last_four, seasonal_naive or cold_start.';
comment on column forecast.forecasts.hindsight is 'True where the model was trained on demand after the origin: today''s model for a past origin. Never scored as live; NULL in rows that were written before the column existed.';

comment on table forecast.decisions is 'Who is champion, append-only: as of an origin it is the champion of the newest row with decided_at_origin up to it, the row''s config_hash being the stream''s and its verdict not kept. Key: stream, decided_at_origin, challenger, decided_at.';
comment on column forecast.decisions.noise is 'Gain that sampling noise alone exceeds in one contest of ten; NULL where there is too little evidence.';
comment on column forecast.decisions.verdict is 'first (no champion yet), promoted (gain above noise), aged (not measurably worse than a champion of four retrain periods), uncontested (the champion could not be scored), manual (a person''s choice), kept (the champion stays).';

comment on table planning.staffing is 'Agents for every open interval, of every run, published or not; read analyst.staffing_latest instead. Key: run_id, stream, pool_id, ts, confidence. Service level everywhere: the share of all offered calls that is answered within the target''s seconds; callers who gave up count as not answered in time.';
comment on table planning.staffing_periods is 'What the agents of planning.staffing give over local days and weeks, the dependence between intervals respected; read analyst.staffing_periods_latest instead. Key: run_id, stream, pool_id, period, ts, confidence.';
comment on table planning.groups is 'Agents of each multi-skill group, each counted once; read analyst.groups_latest instead. Key: run_id, stream, group_id, ts, confidence.';
comment on column planning.groups.agents is 'Agents of the group on the phones.';
comment on column planning.rosters.bound is 'Lower bound of the objective: paid hours and the penalty of short ones.';
comment on column planning.rosters.gap is 'Most that the objective may be above the best one, as a share of the paid hours.';
comment on column planning.shifts.person is 'Number within the pool''s week, from 1; it names no particular employee.';
comment on column planning.capacity.suppressed is 'Estimated part of the demand at the peak that the full link did not carry, in the unit of the peak.';
comment on column planning.capacity.wait_cost is 'Expected extra cost of ordering a quarter later, overload included; negative where a delay saves.';
comment on column planning.capacity.expected_delay_loss is 'Expected loss of a delay of a quarter, over the futures in which a delay loses.';
comment on table planning.findings is 'Remarks of a capacity plan on series: beside their rows, or in their place; read analyst.capacity_findings instead. Key: run_id, stream, series_id, finding.';
