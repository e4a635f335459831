"""`python -m job_specs.sql`: see `command`. Refuses to be imported for anything else."""

import sys

from job_specs.sql.command import sql_command

if __name__ == "__main__":
    sys.exit(sql_command())
