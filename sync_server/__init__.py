"""Offline-first sync server for field data collected with XLSForms."""
