"""What every program stands on: settings, database, change feed, processes, logs. Knows no jobs or providers."""
