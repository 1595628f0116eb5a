-- What adjustments were worth, those first that helped most.
select
    stream,
    member,
    days,
    intervals,
    statistical_wape,
    final_wape,
    saved,
    saved_low,
    saved_high,
    verdict
from planning.pooled_adjustments
where grouping = $grouping and ($stream is null or stream = $stream)
order by stream, saved desc, member
