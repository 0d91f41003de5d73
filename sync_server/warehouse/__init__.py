"""The reading side: one columnar table per form and per repeat."""
