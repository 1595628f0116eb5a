-- The table of a copy, made empty where it is missing.
create table if not exists copy_target.@schema@.@view@ as
from (@select@)
limit 0
