"""Speed as ratios of processor time, measured in one process on one thread: `python -m bench`."""
