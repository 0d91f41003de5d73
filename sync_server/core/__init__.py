"""Pure algorithms: no database, no Flask, no clock, no network."""
