-- Views of single streams' series, with the columns of each in order.
select views.view_name, list(columns.column_name order by columns.column_index) as columns
from system.main.duckdb_views() as views
inner join system.main.duckdb_columns() as columns
    on views.database_name = columns.database_name
    and views.schema_name = columns.schema_name
    and views.view_name = columns.table_name
where views.database_name = current_database()
    and views.schema_name = 'analyst'
    and starts_with(views.view_name, 'series_')
group by views.view_name
order by views.view_name
