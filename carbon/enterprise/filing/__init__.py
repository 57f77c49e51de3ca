"""A filing from draft to booked: who did what when, what was declared and what was verified, and what proves it."""
