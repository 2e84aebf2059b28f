"""
The rules of the house as checks over syntax trees.

Each module holds the checks of one kind. A check takes modules and returns its complaints, a line each; it opens no
file and imports nothing of ours, so a bad example is a string. `source` reads the files.
"""
