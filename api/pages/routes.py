"""Every page, in one list: the table of contents is the registry."""

from api.pages.factor import factor_file, factor_list, factor_page

PAGES = (factor_list, factor_page, factor_file)
