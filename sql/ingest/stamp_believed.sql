-- A value that was not believed at first became known when it was.
update version
set available_at = greatest(available_at, $learned_at)
from suspect
where
    version.row_no = suspect.row_no
    and exists (
        select 1 from history.ingests where stream = $stream and version.ts >= since and version.ts < until
    )
