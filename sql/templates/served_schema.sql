create schema if not exists memory.@schema@
