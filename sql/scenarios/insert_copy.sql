insert into planning.scenario_copies (
    scenario, stream, copy, known_at, series_id, percent, starts_at, ramp_days, author
)
values ($scenario, $stream, $copy, $known_at, $series_id, $percent, $starts_at, $ramp_days, $author)
