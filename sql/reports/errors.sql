-- Errors of four weeks by series: every interval beside the newest forecast that there was for it. Noise floor and the
-- error of repeating the last week are those of the scores, weighted by demand.
with pairs as (
    select
        *,
        list_transform([q05, q10, q25, q50, q75, q90, q95], lambda q: if($counts, round(q), q)) as quantiles
    from analyst.freshest_vs_actual($stream, $since, $origin)
),

placed as (
    select
        *,
        len(list_filter(quantiles, lambda q: q < y)) as lowest,
        len(list_filter(quantiles, lambda q: q <= y)) as highest,
        highest - lowest + 1 as parts,
        greatest(least(highest, 5) - greatest(lowest, 2) + 1, 0) / parts as inside_80,
        greatest(least(highest, 6) - greatest(lowest, 1) + 1, 0) / parts as inside_90
    from pairs
),

by_origin as (
    select
        series_id,
        origin,
        any_value(next_origin) as next_origin,
        sum(abs(y)) as demand,
        sum(abs(y - q50)) as missed,
        sum(q50 - y) as excess,
        sum(inside_80) as inside_80,
        sum(inside_90) as inside_90,
        count(*) as intervals
    from placed
    group by rollup(origin, series_id)
    having origin is not null
),

scored as (
    select
        coalesce(by_origin.series_id, '*') as series,
        by_origin.* exclude (series_id),
        published.noise_floor,
        naive.wape as naive_wape
    from by_origin
    left join analyst.accuracy as published
        on published.stream = $stream
        and published.series_id = coalesce(by_origin.series_id, '*')
        and published.origin = by_origin.origin
        and published.member = 'published'
        and published.horizon_bucket = if(by_origin.next_origin <= by_origin.origin + interval 25 hours, 'd1', 'all')
    left join analyst.accuracy as naive
        on naive.stream = $stream
        and naive.series_id = coalesce(by_origin.series_id, '*')
        and naive.origin = by_origin.origin
        and naive.member = 'seasonal_naive'
        and naive.horizon_bucket = if(by_origin.next_origin <= by_origin.origin + interval 25 hours, 'd1', 'all')
),

pooled as (
    select
        series,
        sum(missed) / nullif(sum(demand), 0) as error,
        sum(noise_floor * demand) / nullif(sum(demand) filter (where noise_floor is not null), 0) as noise_floor,
        sum(naive_wape * demand) / nullif(sum(demand) filter (where naive_wape is not null), 0) as naive_error,
        sum(excess) / nullif(sum(demand), 0) as bias,
        sum(inside_80) / sum(intervals) as inside_80,
        sum(inside_90) / sum(intervals) as inside_90,
        sum(intervals)::bigint as intervals
    from scored
    group by series
)

select series, error, noise_floor, naive_error, bias, inside_80, inside_90, intervals
from pooled
where error is not null
order by series <> '*', round(error - coalesce(noise_floor, 0), 9) desc, series
limit $most
