"""Bytes by sha256."""
