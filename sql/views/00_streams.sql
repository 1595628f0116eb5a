-- What is known of each stream by now. Views join it for local times and units.
create or replace view history.current_streams as
    select
        stream,
        arg_max(metric, known_at) as metric,
        arg_max(unit, known_at) as unit,
        arg_max(timezone, known_at) as timezone,
        arg_max(aggregate, known_at) as aggregate,
        arg_max(minutes, known_at) as minutes,
        arg_max(horizon_minutes, known_at) as horizon_minutes
    from history.streams
    group by stream;
