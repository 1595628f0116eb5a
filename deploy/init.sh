#!/bin/bash
# Run once before everything else, and harmless when run again.
set -euo pipefail
airflow db migrate
# as postgres: jobs get a role that may do less
export PGPASSWORD="$POSTGRES_PASSWORD"
forecasting lake init --catalog "postgres:host=postgres dbname=lake user=postgres"
python - <<'PYTHON'
import os

import psycopg
from psycopg import sql

password = os.environ["LAKE_PASSWORD"]
with psycopg.connect("host=postgres dbname=lake user=postgres") as connection:
    connection.execute(sql.SQL("alter role airflow password {}").format(sql.Literal(password)))
PYTHON
