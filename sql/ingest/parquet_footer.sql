-- Whether the footer of a Parquet file can be read.
select num_rows
from parquet_file_metadata($file)
