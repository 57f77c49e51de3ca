"""Reports that leave the house: an inventory, a verification statement, a compliance statement; as PDF and as workbooks."""
