"""Look at a node without changing anything: one small check for each thing that can go wrong, one file per topic."""
