"""What firms owe to a programme and what they hold: rules by sector and year, units as lots, yearly statements, surrender."""
