-- Published origins before the scoring whose horizon has values that their newest scoring could not see yet.
with published as (
    select origin, max(published_at) as published_at
    from forecast.publications
    where stream = $stream and kind in ('nightly', 'manual', 'backfill') and origin < $scored_until
    group by origin
),

scored as (
    select origin, max(scored_until) as scored_until
    from evaluation.scores
    where stream = $stream and kind = 'live'
    group by origin
)

select published.origin
from published
left join scored on published.origin = scored.origin
where
    scored.scored_until is null
    or scored.scored_until < least($scored_until, published.origin + $horizon)
order by published.origin
