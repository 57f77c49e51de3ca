"""From counties to the nation: dated divisions, statistical series, rollups, dashboards."""
