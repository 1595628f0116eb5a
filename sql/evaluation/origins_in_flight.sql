-- Published origins before the scoring whose horizon has values that their newest scoring could not see yet. What was
-- published in hindsight is no forecast that could have been, and is not scored.
with published as (
    select origin, max(published_at) as published_at
    from forecast.publications
    where
        stream = $stream
        and kind in ('nightly', 'manual', 'backfill')
        and origin < $scored_until
        and hindsight is not true
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
