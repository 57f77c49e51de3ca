"""What is one unit of activity worth, and who says so? Pure: reads only its own data, knows no database."""
