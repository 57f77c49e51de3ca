"""What machines read and ask under /api/v1: one file per resource."""

from api.resources.activities import list_activities
from api.resources.factors import find_factors, one_factor
from api.resources.health import health

RESOURCES = (health, list_activities, find_factors, one_factor)
