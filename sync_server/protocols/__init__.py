"""One file per language this server speaks; no SQL."""
