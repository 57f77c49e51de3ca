"""Carbon efficiency: emission of energy per value added, against the industry, by the rule pack of a place and a year."""
