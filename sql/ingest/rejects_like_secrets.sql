-- Rejected rows with a text that secrets have around them, or with one that this process knows: few of many.
select distinct raw
from rejected
where
    regexp_matches(raw, '://|=|%3[dD]|AKIA|ASIA|(?i:bearer|basic|password|secret|token|key_id)\s')
    or list_bool_or([contains(raw, secret) for secret in $known::varchar[]])
