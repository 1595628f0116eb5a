-- Rows of a plan with numbers that cannot be, or of intervals before the origin.
select count(*) as failed, min(run_id || ': ' || pool_id || ' at ' || ts::varchar || ', confidence ' || confidence::varchar) as first
from planning.staffing
where
    stream = $stream
    and origin >= $since
    and not (
        ts >= origin
        and confidence > 0
        and confidence < 1
        and agents >= 0
        and rostered >= agents
        and met between 0 and 1.000001
        and service_level between 0 and 1.000001
        and occupancy between 0 and 1.000001
        and abandonment between 0 and 1.000001
        and isfinite(calls)
        and isfinite(handle)
        and isfinite(load)
        and isfinite(load_at_confidence)
        and isfinite(asa)
    )
