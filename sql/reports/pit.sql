-- How often the measured value of four weeks fell between two neighbouring quantiles of the newest forecast that there was,
-- beside how often it should have: 1 is right. A value that equals quantiles counts in equal parts on all sides of them.
with pairs as (
    select
        y,
        list_transform([q05, q10, q25, q50, q75, q90, q95], lambda q: if($counts, round(q), q)) as quantiles
    from analyst.freshest_vs_actual($stream, $since, $origin)
),

placed as (
    select
        len(list_filter(quantiles, lambda q: q < y)) as lowest,
        len(list_filter(quantiles, lambda q: q <= y)) as highest
    from pairs
),

spread as (
    select unnest(range(lowest, highest + 1)) as bin, 1 / (highest - lowest + 1) as weight
    from placed
),

totals as (
    select count(*) as intervals
    from placed
),

bins (bin, between_quantiles, expected) as (
    values
        (0, 'below q05', 0.05),
        (1, 'q05 to q10', 0.05),
        (2, 'q10 to q25', 0.15),
        (3, 'q25 to q50', 0.25),
        (4, 'q50 to q75', 0.25),
        (5, 'q75 to q90', 0.15),
        (6, 'q90 to q95', 0.05),
        (7, 'above q95', 0.05)
)

select
    bins.between_quantiles,
    bins.expected::double as expected,
    coalesce(sum(spread.weight), 0) / totals.intervals as observed,
    coalesce(sum(spread.weight), 0) / totals.intervals / bins.expected::double as ratio,
    totals.intervals
from bins
cross join totals
left join spread on bins.bin = spread.bin
where totals.intervals > 0
group by bins.bin, bins.between_quantiles, bins.expected, totals.intervals
order by bins.bin
