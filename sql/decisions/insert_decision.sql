-- A decision; of one stream and definition, what is decided later has the later stamp, whatever the clock says.
insert into forecast.decisions
select
    $stream,
    $decided_at_origin,
    $challenger,
    $champion,
    $gain,
    $noise,
    $verdict,
    $incumbent,
    $wql_challenger,
    $wql_incumbent,
    $held_back,
    $series,
    $reason,
    $decided_by,
    $run_id,
    $config_hash,
    greatest($decided_at::timestamptz, max(decided_at) + interval 1 microsecond)
from forecast.decisions
where stream = $stream and config_hash = $config_hash
