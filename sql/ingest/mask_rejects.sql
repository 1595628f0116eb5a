-- Rejected rows without the secrets in them.
update rejected
set raw = masked.shown
from masked
where rejected.raw = masked.raw
