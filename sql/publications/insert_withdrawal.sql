insert into forecast.withdrawals values ($stream, $origin, $known_at, $reason, $author)
