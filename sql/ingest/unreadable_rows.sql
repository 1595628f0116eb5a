-- Rows of the batch whose time or value cannot be read, by reason, and one of each as it was extracted.
select reason, count(*) as rows, min(raw) as example
from rejected
where reason in ('unparsable_ts', 'unparsable_value')
group by reason
order by rows desc, reason
