"""The inventory: one frame of lines, from a preview or from the book, read as scopes, gases, energy, ISO and GB/T classes."""
