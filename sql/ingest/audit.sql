select rule::varchar, rows::bigint
from audited
