-- Files that the catalog does not know are removed with those that it no longer names.
insert into __ducklake_metadata_lake.ducklake_files_scheduled_for_deletion
select 0, unnest($paths::varchar[]), false, $at
