"""Data of the inventory: which part of ISO 14064-1 a row belongs to."""
