"""What machines read and ask under /api/v1: one file per resource."""

from api.resources.access import list_access
from api.resources.accounts import account_balance, account_statement
from api.resources.activities import list_activities
from api.resources.approvals import ask_for_release, ask_for_reopening, decide_approval, list_approvals, one_approval
from api.resources.calc import calculate
from api.resources.compliance import carry_over, list_statements, one_statement, state_obligation, statement_report, surrender
from api.resources.drafts import list_drafts, one_draft, put_draft, remove_draft
from api.resources.efficiency import (
    add_appeal,
    decide_appeal,
    firm_efficiency,
    give_efficiency,
    list_efficiency,
    list_efficiency_packs,
    preview_efficiency,
)
from api.resources.entries import entry, line
from api.resources.evidence import (
    add_accreditation,
    add_packet,
    attach_document,
    attach_to_filing,
    list_accreditations,
    list_documents,
    list_packets,
    one_document,
)
from api.resources.factors import find_factors, one_factor, packs
from api.resources.files import file_activity_data, list_files, one_file
from api.resources.filing_steps import (
    accept_filing,
    add_finding,
    book_filing,
    close_finding,
    reject_filing,
    reply_to_finding,
    restate_filing,
    send_back_filing,
    sign_filing,
    submit_filing,
    take_up_filing,
    word_on_finding,
)
from api.resources.filings import (
    filing_events,
    filing_marked,
    filing_preview,
    filing_problems,
    filing_template,
    get_lines,
    get_mapping,
    list_filings,
    one_filing,
    open_one,
    put_lines,
    put_mapping,
)
from api.resources.firms import add_firm_contract, firm_profile, list_contracts, list_facts, say_fact
from api.resources.guides import list_guides, one_guide
from api.resources.health import health
from api.resources.inventories import (
    consolidation,
    inventory_change,
    inventory_peers,
    inventory_report_pdf,
    inventory_report_xlsx,
    one_inventory,
)
from api.resources.jobs import job_events, list_jobs, one_job
from api.resources.proofs import entry_proof
from api.resources.regions import region
from api.resources.resolution import resolve_factor
from api.resources.shares import list_shares, tell_shares
from api.resources.token import token
from api.resources.units import (
    cancel_units,
    certify_generation,
    claim_certificates,
    claim_generation,
    issue_units,
    list_generation,
    list_units,
    meter_generation,
    transfer_units,
)
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
    list_guides,
    one_guide,
    resolve_factor,
    calculate,
    list_access,
    list_approvals,
    one_approval,
    ask_for_reopening,
    ask_for_release,
    decide_approval,
    file_activity_data,
    list_files,
    one_file,
    list_filings, open_one, one_filing, filing_events, put_lines, get_lines, filing_problems, filing_marked, filing_preview, get_mapping,
    put_mapping, filing_template, submit_filing, take_up_filing, add_finding, reply_to_finding, word_on_finding, close_finding, sign_filing,
    send_back_filing, reject_filing, accept_filing, book_filing, restate_filing, attach_document, list_documents, one_document,
    attach_to_filing, list_packets, add_packet, list_accreditations, add_accreditation,
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
    firm_profile, list_facts, say_fact, list_shares, tell_shares, list_contracts, add_firm_contract, one_inventory, inventory_change,
    inventory_peers, inventory_report_pdf, inventory_report_xlsx, consolidation, list_statements, one_statement, state_obligation,
    surrender, carry_over, statement_report, list_units, issue_units, transfer_units, cancel_units, claim_certificates, list_generation,
    meter_generation, claim_generation, certify_generation, list_efficiency, list_efficiency_packs, give_efficiency, firm_efficiency,
    add_appeal, decide_appeal, preview_efficiency,
)  # fmt: skip
