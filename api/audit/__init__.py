"""The record of access: who did what, on what, when and with what result, in an append-only log with a tree of its own."""
