-- Adjustments by their keys, in the order in which they were made.
select adjustment_id, author, operation, value, reason
from analyst.adjustments
where list_contains($ids, adjustment_id)
order by known_at, adjustment_id
