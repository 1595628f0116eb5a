insert into planning.scenarios (scenario, known_at, reason, author, closed)
values ($scenario, $known_at, $reason, $author, $closed)
