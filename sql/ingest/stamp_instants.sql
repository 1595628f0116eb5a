-- Rows of a feed whose ts is an instant, with the first reason that SQL alone can see against them.
create or replace temp table stamped as
select
    row_no,
    series_id::varchar as series_id,
    case when ts between timestamptz '1900-01-01' and timestamptz '2200-01-01' then ts end as ts,
    y is null as unknown,
    try_cast(y as double) as y,
    try_cast(available_at as timestamptz) as available_at,
    try_cast(weight as double) as weight,
    try_cast(censored as boolean) as censored,
    hash((null::integer, *columns(* exclude (row_no, series_id, ts, y, available_at, weight, censored)))) as attributes_hash,
    case
        when key_fault(series_id::varchar) is not null then key_fault(series_id::varchar)
        when ts is null then 'unparsable_ts'
        when ts not between timestamptz '1900-01-01' and timestamptz '2200-01-01' then 'ts_out_of_range'
        else measure_fault(
            y is null, try_cast(y as double), try_cast(weight as double), $clocked, try_cast(available_at as timestamptz)
        )
    end as reason
from batch
