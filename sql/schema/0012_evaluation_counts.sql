alter table evaluation.scores add column pit80 double;
alter table evaluation.scores add column pit90 double;
alter table evaluation.scores add column bias_mean double;

comment on column evaluation.scores.pit80 is 'Coverage of the 80% interval for counts: share of the randomised PIT inside [0.1, 0.9]; NULL where the unit is no count.';
comment on column evaluation.scores.pit90 is 'Coverage of the 90% interval for counts: share of the randomised PIT inside [0.05, 0.95]; NULL where the unit is no count.';
comment on column evaluation.scores.bias_mean is 'Sum of (mean - y) over the sum of |y|.';
comment on column evaluation.scores.member is 'published for the combination, or the member that was scored beside it.';
comment on column evaluation.scores.noise_floor is 'WAPE that Poisson noise alone would leave at the forecast mean; NULL where the unit is no count.';
comment on column forecast.runs.kind is 'nightly, manual or backfill for forecasts; ingest, train, score or evaluate for the other steps.';
