"""How a firm's own files come in: its headings are matched with ours, every problem is named by row and column, nothing is booked."""
