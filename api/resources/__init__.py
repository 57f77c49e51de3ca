"""What machines read and ask under /api/v1: one file per resource."""

from api.resources.access import list_access
from api.resources.accounts import account_balance, account_statement
from api.resources.activities import list_activities
from api.resources.approvals import ask_for_reopening, decide_approval, list_approvals, one_approval
from api.resources.calc import calculate
from api.resources.drafts import list_drafts, one_draft, put_draft, remove_draft
from api.resources.entries import entry, line
from api.resources.factors import find_factors, one_factor, packs
from api.resources.files import file_activity_data, list_files, one_file
from api.resources.health import health
from api.resources.jobs import job_events, list_jobs, one_job
from api.resources.proofs import entry_proof
from api.resources.regions import region
from api.resources.resolution import resolve_factor
from api.resources.token import token
from api.resources.webhooks import (
    add_webhook,
    enable_webhook,
    list_deliveries,
    list_webhooks,
    one_webhook,
    remove_webhook,
)

RESOURCES = (
    health,
    token,
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
    list_access,
    list_approvals,
    one_approval,
    ask_for_reopening,
    decide_approval,
    file_activity_data,
    list_files,
    one_file,
    list_drafts,
    one_draft,
    put_draft,
    remove_draft,
    list_jobs,
    one_job,
    job_events,
    list_webhooks,
    add_webhook,
    one_webhook,
    enable_webhook,
    remove_webhook,
    list_deliveries,
)  # fmt: skip
