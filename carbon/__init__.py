"""What the numbers mean: activity → emission → entry → rollup → dashboard."""

__version__ = "0.0.1"
