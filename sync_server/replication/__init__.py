"""Nodes that come together: what a peer is, what goes to it, what is taken from it, and a round of both."""
