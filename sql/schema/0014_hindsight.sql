-- Forecasts of past origins by a model that was trained later say so.
alter table forecast.forecasts add column hindsight boolean;
alter table forecast.publications add column hindsight boolean;
comment on column forecast.forecasts.hindsight is 'True where the model was trained on demand after the origin: today''s model for a past origin. Never scored as live; NULL in rows that were written before the column existed.';
comment on column forecast.publications.hindsight is 'True where the model of the rows was trained on demand after the origin.';
