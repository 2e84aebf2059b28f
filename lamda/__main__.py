"""Run the command line: `python -m lamda`."""

from lamda.cli import main

main()
