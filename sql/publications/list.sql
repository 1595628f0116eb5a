-- Publications of the newest origins, and whether they stand.
select
    publications.stream,
    publications.origin,
    coalesce(publications.scenario, if(publications.kind = 'plan', 'plan', 'forecast')) as what,
    publications.kind,
    publications.published_at,
    publications.run_id,
    publications.rows,
    publications.complete,
    min(withdrawals.known_at) as withdrawn_at,
    arg_min(withdrawals.reason, withdrawals.known_at) as reason,
    arg_min(withdrawals.author, withdrawals.known_at) as author
from forecast.publications as publications
left join forecast.withdrawals as withdrawals
    on publications.stream = withdrawals.stream
    and publications.origin = withdrawals.origin
    and publications.published_at <= withdrawals.known_at
where $stream is null or publications.stream = $stream
group by all
order by publications.origin desc, publications.stream, publications.published_at desc
limit $most
