create table if not exists meta.migrations (version integer not null, name varchar not null, checksum varchar not null)
