update forecast.runs
set status = $status, model_id = $model_id, finished_at = $finished_at, rows = $rows, message = $message
where run_id = $run_id
