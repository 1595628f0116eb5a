insert into planning.scenario_rules (scenario, stream, rule, known_at, value, author)
values ($scenario, $stream, $rule, $known_at, $value, $author)
