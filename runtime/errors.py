"""
Errors that a person must act on.

Whatever stops a program for a reason its operator can remove is a `CannotRun`: the message says what, with which
values, and what to do. The command line prints the message alone; a traceback is for everything else.

    CannotRun
    ├── PortInUse       another process listens where we want to            (ports)
    ├── FolderInUse     another run holds the data folder                   (data_folder)
    ├── ServerFailed    a program we started ended or never became ready    (processes)
    └── NoPostgres      no Postgres can be started on this machine          (postgres_launch)
"""


class CannotRun(Exception):
    """Something outside the program must change before it can run."""
