"""Every page, in one list: the table of contents is the registry."""

from api.pages.account import account_file, account_list, account_statement, account_statement_file
from api.pages.entry import entry_file, entry_list, entry_list_file, entry_page
from api.pages.factor import factor_file, factor_list, factor_page
from api.pages.holder import holder_list, holder_page
from api.pages.region import region_file, region_page, region_search
from api.pages.sign_in import change_office, own_page, sign_in_form, sign_in_send, sign_out_send

PAGES = (
    sign_in_form, sign_in_send, sign_out_send, own_page, change_office,
    region_search, region_page, region_file, entry_list, entry_list_file, entry_page, entry_file, account_list, account_file,
    account_statement, account_statement_file, holder_list, holder_page,
    factor_list, factor_page, factor_file,
)  # fmt: skip
