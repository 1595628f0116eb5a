-- What a row of a plan of capacity assumes to have failed; the word scenario is kept for what-ifs.
alter table planning.capacity rename column scenario to failure;
alter table planning.runout rename column scenario to failure;

alter table planning.capacity set sorted by (origin, series_id, failure);
alter table planning.runout set sorted by (origin, series_id, failure, date);

update planning.capacity set failure = 'none' where failure = 'base';
update planning.runout set failure = 'none' where failure = 'base';

comment on table planning.capacity is 'When each link runs out and what is to be ordered, with all links up and with each parallel link failed, of every run, published or not; read analyst.capacity_latest and analyst.capacity_watchlist instead. Key: run_id, stream, series_id, failure.';
comment on table planning.runout is 'Probability of having passed the limit by the end of each quarter; read analyst.runout_latest instead. Key: run_id, stream, series_id, failure, date.';
comment on column planning.capacity.failure is 'none, or n-1: and the parallel link that has failed, its traffic rerouted over the others of its group.';
comment on column planning.runout.failure is 'none, or n-1: and the parallel link that has failed.';
