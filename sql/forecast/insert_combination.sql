insert into forecast.combinations
values ($run_id, $stream, $origin, $model_id, $series, $sampled, $combination)
