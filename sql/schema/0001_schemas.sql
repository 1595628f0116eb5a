create schema if not exists history;
create schema if not exists forecast;
create schema if not exists evaluation;
create schema if not exists analyst;

comment on table meta.migrations is 'Which schema files were applied to this lake. Key: version.';
comment on column meta.migrations.version is 'Order of application, from 1.';
comment on column meta.migrations.name is 'File below sql/.';
comment on column meta.migrations.checksum is 'First 16 hex digits of the file''s SHA-256 when it was applied.';
