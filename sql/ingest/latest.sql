-- Current version of every value in the window.
create or replace temp table latest as
select
    series_id,
    ts,
    arg_max_null(y, available_at) as y,
    arg_max_null(weight, available_at) as weight,
    arg_max_null(censored, available_at) as censored,
    max(available_at) as available_at
from history.demand
where stream = $stream and ts >= $since and ts < $until
group by series_id, ts
