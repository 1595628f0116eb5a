#!/bin/bash
# Run once by the PostgreSQL image, as postgres: a database for Airflow with its own role, and one for the lake.
set -euo pipefail
psql --set=ON_ERROR_STOP=1 --set=password="$AIRFLOW_DB_PASSWORD" --username=postgres <<'SQL'
create role airflow_metadata login password :'password';
create database airflow owner airflow_metadata;
create database lake;
SQL
