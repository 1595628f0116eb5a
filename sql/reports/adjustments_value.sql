-- Whose adjustments helped, where demand was measured.
select
    stream,
    member as author,
    days,
    statistical_wape,
    final_wape,
    saved,
    saved_low,
    saved_high,
    verdict
from analyst.adjustment_value_by
where list_contains($streams, stream) and grouping = 'author'
order by stream, saved desc, author
