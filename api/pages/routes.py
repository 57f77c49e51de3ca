"""Every page, in one list: the table of contents is the registry."""

from api.pages.access import access_file, access_list
from api.pages.account import account_file, account_list, account_statement, account_statement_file
from api.pages.approvals import approval_decide, approval_list, approval_page, reopening_ask
from api.pages.demo import demo_sign_in
from api.pages.entry import entry_file, entry_list, entry_list_file, entry_page
from api.pages.factor import factor_card_file, factor_file, factor_list, factor_page
from api.pages.help import help_file, help_page
from api.pages.holder import holder_file, holder_list, holder_list_file, holder_page
from api.pages.oidc import link_begin, oidc_begin, unlink_send
from api.pages.own_account import change_office, own_page, password_form, password_send, sign_out_everywhere_send
from api.pages.region import region_file, region_list_file, region_page, region_search
from api.pages.search import search_file, search_page
from api.pages.second_factor import code_form, code_send, codes_send, enrol_send, remove_send, second_factor_page
from api.pages.sign_in import sign_in_form, sign_in_send, sign_out_send
from api.pages.theme import choose_theme
from api.pages.users import office_give, office_take, user_add, user_disable, user_list, user_page

PAGES = (
    sign_in_form, sign_in_send, sign_out_send, own_page, change_office, password_form, password_send, sign_out_everywhere_send,
    code_form, code_send, second_factor_page, enrol_send, codes_send, remove_send, oidc_begin, link_begin, unlink_send,
    region_search, region_page, region_file, entry_list, entry_list_file, entry_page, entry_file, account_list, account_file,
    account_statement, account_statement_file, holder_list, holder_page,
    factor_list, factor_page, factor_file, help_page, help_file, choose_theme, search_page, search_file,
    region_list_file, holder_list_file, holder_file, factor_card_file,
    demo_sign_in, user_list, user_add, user_page, user_disable, office_give, office_take,
    approval_list, approval_page, approval_decide, reopening_ask, access_list, access_file,
)  # fmt: skip
