-- The lake's data were moved: files are named below this folder.
update __ducklake_metadata_lake.ducklake_metadata
set value = $data_path
where key = 'data_path'
