"""The pages: parse the address, call the floors below, fill a template."""
