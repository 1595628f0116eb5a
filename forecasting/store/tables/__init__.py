"""One module a table or family of tables: rows in, rows out. Connections, locks and migrations are in `store/lake`."""
