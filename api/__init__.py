"""People and machines come in here: HTTP, pages, command line, and nothing else."""
