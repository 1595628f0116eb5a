-- Newest scores over all series and horizons, published beside reference.
select stream, origin, member, wape, mase, wql, cover80, cover90, pit80, pit90, bias, bias_mean, noise_floor, rows
from analyst.accuracy
where series_id = '*' and horizon_bucket = 'all' and ($stream is null or stream = $stream)
order by stream, origin desc, member
limit $most
