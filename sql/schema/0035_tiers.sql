-- The members that were added since forecasts were described.
comment on column forecast.forecasts.tier is 'What produced this series'' forecast: ensemble, trees, pretrained, foundation, nbeats, tft, profile, growth, last_four, seasonal_naive or cold_start.';
