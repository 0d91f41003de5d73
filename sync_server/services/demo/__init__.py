"""Made-up people, answers and pictures for a demo: no real person, no real event."""
