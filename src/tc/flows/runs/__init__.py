"""What is done with runs that are there: looked at, proven, made again, kept and pruned."""
