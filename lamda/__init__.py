"""The face of the project: the command line, and `up`, which runs everything on embedded servers."""
