"""What machines read and ask under /api/v1: one file per resource."""

from api.resources.accounts import account_balance, account_statement
from api.resources.activities import list_activities
from api.resources.calc import calculate
from api.resources.entries import entry, line
from api.resources.factors import find_factors, one_factor, packs
from api.resources.health import health
from api.resources.proofs import entry_proof
from api.resources.regions import region
from api.resources.resolution import resolve_factor

RESOURCES = (
    health,
    region,
    entry,
    entry_proof,
    line,
    account_balance,
    account_statement,
    list_activities,
    find_factors,
    one_factor,
    packs,
    resolve_factor,
    calculate,
)  # fmt: skip
