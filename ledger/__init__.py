"""Append-only double entry for any commodity. Knows nothing of carbon: every name is opaque text to it."""
