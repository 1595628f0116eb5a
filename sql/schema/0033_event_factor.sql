-- What events multiply a forecast by is kept beside it, so that plans can tell the two apart.
alter table forecast.forecasts add column event_factor double;
comment on column forecast.forecasts.event_factor is 'What campaigns, holidays and closures ahead multiply the forecast by; mean and quantiles contain it. NULL where there is no effect, and in rows that were written before the column existed.';
