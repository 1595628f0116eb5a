-- Costs have a currency, and the peak of a link is the one that its rule of persistence judges.
alter table planning.capacity add column currency varchar;

comment on column planning.capacity.currency is 'Currency of all costs, ISO 4217; NULL where the definition names none.';
comment on column planning.capacity.peak is 'Peak that the rule of persistence compares with the ceiling at the origin: with 3/7 the third highest of the last seven days.';
comment on column planning.capacity.growth is 'Median growth of that peak a year, as a share, over the first 365 days or the horizon where that is shorter.';
comment on column planning.findings.series_id is 'Series, or group of the hierarchy; (several) where the line names more than one.';
comment on column planning.findings.finding is 'What was found: no_capacity, no_forecast, capacity_changed, peak_above_capacity, stopped_reporting, counter_wraps, no_sufficient_step, alone, orphan or two_parents; in a plan of staffing uncovered, shift_left_out, week_before or short_after_sunday.';
