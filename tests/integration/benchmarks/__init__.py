"""What benchmarks measure on is what it says it is."""
