"""Who may come in: people and machines, their offices, sessions and keys."""
