"""Every page, in one list: the table of contents is the registry."""

from api.pages.access import access_file, access_list
from api.pages.account import account_file, account_list, account_statement, account_statement_file
from api.pages.accreditations import accreditation_file, accreditation_grant, accreditation_list, accreditation_withdraw
from api.pages.approvals import approval_decide, approval_file, approval_list, approval_list_file, approval_page, reopening_ask
from api.pages.compliance import compliance_file, compliance_list, compliance_list_file, compliance_page, obligation_state, surrender_send
from api.pages.demo import demo_sign_in
from api.pages.efficiency import (
    appeal_decide,
    appeal_send,
    efficiency_file,
    efficiency_list,
    efficiency_list_file,
    efficiency_page,
)
from api.pages.entry import entry_file, entry_list, entry_list_file, entry_page
from api.pages.factor import factor_card_file, factor_file, factor_list, factor_page
from api.pages.filing import (
    filing_document,
    filing_lines,
    filing_mapping,
    filing_page,
    filing_restate,
    filing_submit,
    filing_upload,
)
from api.pages.filing_tables import filing_file
from api.pages.filings import filing_list, filing_list_file, filing_open
from api.pages.firm import contract_add, fact_say, firm_file, firm_page
from api.pages.giving import giving_page, giving_send
from api.pages.guide import guide_file, guide_list, guide_list_file, guide_page
from api.pages.help import help_file, help_page
from api.pages.holder import holder_file, holder_list, holder_list_file, holder_page
from api.pages.inventory import group_file, group_page, inventory_file, inventory_latest, inventory_page
from api.pages.oidc import link_begin, oidc_begin, unlink_send
from api.pages.own_account import change_office, own_file, own_page, password_form, password_send, sign_out_everywhere_send
from api.pages.packets import packet_send, packets_file, packets_page
from api.pages.region import region_file, region_list_file, region_page, region_search
from api.pages.search import search_file, search_page
from api.pages.second_factor import code_form, code_send, codes_send, enrol_send, remove_send, second_factor_page
from api.pages.shares import shares_file, shares_page, shares_tell
from api.pages.sign_in import sign_in_form, sign_in_send, sign_out_send
from api.pages.theme import choose_theme
from api.pages.units import certificate_claim_send, certificates_send, generation_send, units_file, units_page
from api.pages.users import (
    office_give,
    office_take,
    user_add,
    user_disable,
    user_enable,
    user_file,
    user_list,
    user_list_file,
    user_page,
)
from api.pages.verification import (
    authority_accept,
    authority_book,
    authority_reject,
    finding_add,
    finding_close,
    finding_reply,
    finding_word,
    verification_begin,
    verification_page,
    verification_send_back,
    verification_sign,
)

PAGES = (
    sign_in_form, sign_in_send, sign_out_send, own_page, change_office, password_form, password_send, sign_out_everywhere_send,
    code_form, code_send, second_factor_page, enrol_send, codes_send, remove_send, oidc_begin, link_begin, unlink_send,
    region_search, region_page, region_file, entry_list, entry_list_file, entry_page, entry_file, account_list, account_file,
    account_statement, account_statement_file, holder_list, holder_page,
    factor_list, factor_page, factor_file, guide_list, guide_list_file, guide_page, guide_file,
    help_page, help_file, choose_theme, search_page, search_file,
    region_list_file, holder_list_file, holder_file, factor_card_file,
    demo_sign_in, user_list, user_add, user_page, user_disable, user_enable, office_give, office_take,
    user_list_file, user_file, own_file, approval_list_file, approval_file,
    filing_list, filing_list_file, filing_open, filing_page, filing_file, filing_upload, filing_mapping, filing_lines, filing_submit,
    filing_restate, filing_document, verification_page, verification_begin, finding_add, finding_reply, finding_word, finding_close,
    verification_sign, verification_send_back, authority_reject, authority_accept, authority_book,
    approval_list, approval_page, approval_decide, reopening_ask, access_list, access_file,
    firm_page, firm_file, fact_say, contract_add, shares_page, shares_file, shares_tell, accreditation_list, accreditation_file,
    accreditation_grant, accreditation_withdraw, inventory_latest, inventory_page, inventory_file, group_page, group_file,
    compliance_list, compliance_list_file, compliance_page, compliance_file, surrender_send, obligation_state, units_page, units_file,
    generation_send, certificates_send, certificate_claim_send, efficiency_list, efficiency_list_file, efficiency_page, efficiency_file,
    appeal_send, appeal_decide, giving_page, giving_send, packets_page, packets_file, packet_send,
)  # fmt: skip
