-- The newest moment at which anything that bears on a stream's demand became known.
select
    greatest(
        (select max(available_at) from history.demand where stream = $stream), (select max(known_at) from history.events)
    ) as known_until
