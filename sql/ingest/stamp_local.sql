-- Rows of a feed whose ts is local or text, with their instant and the first reason that SQL alone can see against them.
-- day_starts (of a stream of whole days, else empty): a time at midnight is a date, and a date is the first instant of its
-- day, also where clocks skip midnight or show it twice. Dates that clocks skip as a whole are not in it.
-- A local time that the clocks jumped over does not survive the trip to UTC and back. One that occurs twice maps to its
-- second occurrence; when the source gives two rows of it, their order says which is which, else that is unknown.
create or replace temp table stamped as
with mapped as (
    select
        row_no,
        series_id::varchar as series_id,
        if(day_starts.first_instant is null, timed.local_ts, null) as local_ts,
        coalesce(day_starts.first_instant, timed.instant, timed.local_ts at time zone $zone) as instant,
        coalesce(timed.instant, timed.local_ts at time zone $zone) between timestamptz '1900-01-01' and timestamptz '2200-01-01'
            as plausible,
        y is null as unknown,
        try_cast(y as double) as y,
        try_cast(available_at as timestamptz) as available_at,
        try_cast(weight as double) as weight,
        try_cast(censored as boolean) as censored,
        hash((
            null::integer,
            *columns(timed.* exclude (row_no, series_id, ts, y, available_at, weight, censored, instant, local_ts))
        )) as attributes_hash
    from timed
    left join day_starts on coalesce(timed.local_ts, timed.instant at time zone $zone) = day_starts.midnight
),

doubled as (
    select
        row_no,
        shift,
        row_number() over occurrence as nth,
        count(*) over (partition by series_id, local_ts) as occurrences
    from (
        select
            row_no,
            series_id,
            local_ts,
            case
                when (instant - interval 2 hour) at time zone $zone = local_ts then interval 2 hour
                when (instant - interval 1 hour) at time zone $zone = local_ts then interval 1 hour
                when (instant - interval 30 minute) at time zone $zone = local_ts then interval 30 minute
            end as shift
        from mapped
        where local_ts is not null
    )
    where shift is not null
    window occurrence as (partition by series_id, local_ts order by row_no)
)

select
    mapped.row_no,
    mapped.series_id,
    case
        when not mapped.plausible then null
        when doubled.nth = 1 then mapped.instant - doubled.shift
        else mapped.instant
    end as ts,
    mapped.unknown,
    mapped.y,
    mapped.available_at,
    mapped.weight,
    mapped.censored,
    mapped.attributes_hash,
    case
        when key_fault(mapped.series_id) is not null then key_fault(mapped.series_id)
        when mapped.instant is null then 'unparsable_ts'
        when not mapped.plausible then 'ts_out_of_range'
        when mapped.instant at time zone $zone <> mapped.local_ts then 'nonexistent_local_time'
        when doubled.occurrences <> 2 then 'ambiguous_local_time'
        else measure_fault(mapped.unknown, mapped.y, mapped.weight, $clocked, mapped.available_at)
    end as reason
from mapped
left join doubled on mapped.row_no = doubled.row_no
