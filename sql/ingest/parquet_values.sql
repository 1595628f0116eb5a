-- Whether every value of a Parquet file can be read.
select count(columns(*))
from read_parquet($file)
