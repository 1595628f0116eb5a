alter table forecast.runs add column process varchar;
comment on column forecast.runs.process is 'Process that it works in: boot of the machine, namespace, number and start time; by it upkeep finds out that a run was killed.';
comment on column forecast.runs.status is 'running, published, unchanged, stale, incomplete, failed or killed. A run that was killed is running until the next upkeep.';
