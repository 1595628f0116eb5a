-- Snapshot that this connection committed last; NULL before its first.
from ducklake_last_committed_snapshot('lake')
