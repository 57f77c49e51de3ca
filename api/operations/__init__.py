"""What an operator sees of a running server: its log, its metrics, whether it is ready; and what it asks of whoever calls."""
