-- Files of which a twentieth or more was deleted are written anew: no file with deleted rows is merged.
call ducklake_rewrite_data_files('lake', delete_threshold => 0.05)
