"""HTTP and the command line, and nothing else: parse, call, return."""
