"""Load tests of a node: run them by `scripts/bench`."""
