"""What a page says of an error: a sentence of the catalogue, filled from the error's own fields, its reason in the page's language.

JSON answers say what the error says of itself; that is `api.problems`.
"""

import re
from collections.abc import Mapping
from typing import Any

from litestar.exceptions import HTTPException

from api.language import Language, catalogue
from api.pages.faults import FAULTS
from api.problems import KINDS, N_, SENTENCES
from api.reasons import in_words
from factors.errors import FactorNotFound

SAID = {
    "auth.not-found": N_("There is no {what} here."),
    "auth.user": N_("{what}: {reason}."),
    "outgoing.refused": N_("{url} is not called from here: {reason}."),
    "outgoing.failed": N_("{url} gave no answer that could be used: {reason}. Try again later."),
    "idempotency.key-missing": N_("The call needs an Idempotency-Key: new for each change, the same when it is repeated."),
    "idempotency.other-content": N_("This Idempotency-Key was used for another call or other content. Take a new one."),
    "idempotency.in-flight": N_("The same call is still being answered. Wait, then send it again."),
    "job.not-found": N_("There is no job {job} of yours."),
    "job.lease-lost": N_("Job {job} is another worker's by now."),
    "draft.not-found": N_("There is no draft {name} of this holder."),
    "draft.precondition-needed": N_("Say which version you change: send If-Match with the ETag that was read."),
    "draft.changed": N_("The draft {name} changed since you read it. Load it again, then change it."),
    "webhook.not-found": N_("There is no webhook {webhook} of yours."),
    "webhook.refused": N_("{what}: {reason}."),
    "limit.exceeded": N_("Too many calls. Wait {wait_s} seconds, then go on."),
    "file.faulty": N_("Faults: {count}. Nothing was computed or booked. Mend them and send the file again."),
    "site.not-found": N_("This holder has no site {site}."),
    "holder.bad": N_("{what}: {reason}."),
    "holder.taken": N_("{what} is already borne by {by}. Use that one, or write another."),
    "import.not-found": N_("This holder has no import {import_id}."),
    "import.replaced": N_("Import {import_id} was replaced by {by}, and its entries are reversed. Replace {by}, with a file that differs."),
    "site.moved": N_("The sites of holder {holder} changed while the file was read. Send it again."),
    "setting.bad": N_("The setting {name} ({where}) cannot be: {value}."),
    "division.not-found": N_("{division} never was a division of GB/T 2260: six digits such as 330000."),
    "mapping.bad": N_("The heading {heading} cannot be read as {column}: {reason}."),
    "firm.bad-fact": N_("{what}: {reason}."),
    "firm.bad-shares": N_("Shares in {holder} from {day} on: {reason}."),
    "filing.not-found": N_("There is no filing {filing} that you may see."),
    "filing.exists": N_("Holder {holder} has the filing {filing} for {year} already. Go on with it, or restate it once it is booked."),
    "filing.changed": N_("Filing {filing} changed since you read it. Load it again, and do what you meant to do with what it says now."),
    "filing.state": N_("This cannot happen to the filing as it stands: {reason}."),
    "filing.questions": N_("Questions about filing {filing} have no answer yet: confirm each, or correct its cell."),
    "finding.bad": N_("Line {line}, {field}: {reason}."),
    "filing.preparer": N_("{actor} had another part in this filing. Let another person do this."),
    "verifier.not-accredited": N_("{actor} has no accreditation that is valid on {day} for this industry. The authority grants one."),
    "verifier.bad-accreditation": N_("{what}: {reason}."),
    "document.refused": N_("{name}: {reason}."),
    "document.not-found": N_("There is no document {sha256} that you may see. Attach it first."),
    "packet.refused": N_("Packet of {month}, {field}: {reason}."),
    "contract.bad": N_("{what}: {reason}."),
    "rule.none": N_("There is no rule for this: {reason}."),
    "obligation.bad": N_("{what}: {reason}."),
    "obligation.not-verified": N_("Filing {filing} {reason}. State the obligation of a year from its verified filing."),
    "statement.not-found": N_("There is no statement to {programme} for {year} that you may see. It is made from a verified filing."),
    "units.used": N_("{unit} {series} {first}–{last}: {reason}."),
    "generation.refused": N_("{what}: {reason}."),
    "tag.refused": N_("{what}: {reason}."),
    "units.bad": N_("{unit}: {reason}."),
    "report.no-font": N_("No font with Chinese signs is installed on this machine: a report would show blanks."),
    "report.failed": N_("The report could not be set: {reason}"),
    "entry.unbalanced": N_("The entry is out of balance by {difference} in {commodity}: its legs must sum to 0."),
    "entry.malformed": N_("This is no entry that the book could hold: {reason}."),
    "key.reused": N_("The same key already stands for an entry with other content. Send the same content, or a new key."),
    "batch.partly-posted": N_("Part of the batch stands already, as entry {entry_id}. Send the new entries alone."),
    "account.misused": N_("{name} is kept in {stands} and cannot be used in {wanted}."),
    "not-allowed": N_("You may not do this: {action}."),
    "amount.too-large": N_("{what}: the sum is too large for the book. Split the amounts, or use a larger unit."),
    "book.unreadable": N_("The book cannot be opened now ({reason}). Nothing in it was changed."),
    "book.roles-missing": N_("{login} may not make the book's roles. An administrator of the database must."),
    "account.unknown": N_("Nobody opened the account {account} in {commodity}."),
    "account.closed": N_("The account {account} in {commodity} is closed. Post to another account, or open it again."),
    "account.overdraft": N_("The account {account} holds {has} {commodity} and may not fall below {floor}: {moves} more cannot be moved."),
    "period.closed": N_("{period} is closed for {account}. Have it opened again, or post on a day of an open month."),
    "period.misruled": N_("{period}: {reason}."),
    "hold.not-open": N_("Hold {hold}: {reason}."),
    "lot.misused": N_("The units cannot be moved so: {reason}."),
    "entry.ruling": N_("Entry {entry_id} is no plain entry. Release the hold, reopen the month or move the units back instead."),
    "book.busy": N_("Another posting held the book for too long. Nothing was posted: send the same again."),
    "proof.bad": N_("This proves nothing that holds. Have the book verified at its machine."),
    "number.not-plain": N_("{text} is no plain number: write digits with a point, such as 1240.6."),
    "unit.unknown": N_("The unit {token} is not known. Nearest: {near}."),
    "unit.ambiguous": N_("The unit {token} has several meanings. Write one of {near}."),
    "unit.dimension": N_("{source} cannot be turned into {target}: they measure different things."),
    "activity.unknown": N_("The activity {text} is not known. Nearest: {near}."),
    "activity.ambiguous": N_("{text} has several meanings. Write one of {candidates}."),
    "gwp.unknown-set": N_("There is no set of GWP {name}: one of {known}."),
    "gwp.no-value": N_("{gwp_set} gives no value for {gas}. Choose another set, or report the gas apart."),
    "guide.none": N_("No guide and no item of a guide is called {name}."),
}
"""The sentence of a kind of error, by its code, where the table of statuses has none."""
FIELDS = {
    "valid_from": N_("Holds from"), "valid_until": N_("Last day"), "until": N_("Until"), "reason": N_("Reason"),
    "industry": N_("Industry"), "output": N_("Output"), "energy_tce": N_("Energy of the whole firm, tce"),
    "energy_kind": N_("Kind of standard coal"), "value_added": N_("Value added"), "value_added_fen": N_("Value added"),
    "category": N_("Category"), "scope": N_("Scope"), "notation": N_("Notation"), "share": N_("Share"), "share_permille": N_("Share"),
    "threshold": N_("Threshold"), "threshold_permille": N_("Threshold"), "triggers": N_("Triggers"), "approach": N_("Approach"),
    "start_month": N_("First month of the year"), "year": N_("Year"), "instruments": N_("Instruments"), "parameters": N_("Parameters"),
    "responsible": N_("Responsible"), "kind": N_("Kind"), "name": N_("Name"), "site": N_("Site"), "since": N_("From"),
    "division": N_("Division"), "credit code": N_("Credit code"), "carrier": N_("Carrier"), "amount": N_("Amount"),
    "factor": N_("Factor"), "certificates": N_("Certificates"), "verified_g": N_("Verified emission"),
    "stated_t": N_("Allowance decided, t"), "benchmark": N_("Class of the unit"), "power": N_("Power supplied, MWh"),
    "heat": N_("Heat supplied"), "heat_ratio": N_("Heat ratio"), "cooling": N_("Cooling of the unit"), "load": N_("Load"),
    "load_correction": N_("Load correction"), "balance": N_("Balance value"), "bridge": N_("Bridge to the programme"),
    "units": N_("Units or lines"), "plant": N_("Plant"), "month": N_("Month"), "kwh": N_("kWh"), "mechanism": N_("Mechanism"),
    "count": N_("Count"), "firms": N_("Firms"), "mean": N_("Mean of the industry"),
    "of": N_("Tag or appeal"), "day": N_("Day"), "deducted": N_("Deductions"),
    "coverage": N_("Coverage"), "documents": N_("Documents"), "actor": N_("Verifier"), "number": N_("Number of the accreditation"),
    "body": N_("Accredited by"), "industries": N_("Industries"), "role": N_("Office"), "user": N_("User"), "login": N_("Login"),
    "password": N_("Password"), "identity number": N_("Identity number"), "wanted": N_("New password"),
    "again": N_("New password once more"), "expires": N_("Expires"), "office": N_("Office"),
    "second factor": N_("Authenticator"), "account": N_("Linked account"), "secret": N_("Secret"), "pack": N_("Factor pack"),
    "decision": N_("Decision"), "opinion": N_("Opinion"), "text": N_("In words"),
}  # fmt: skip
"""What the fields are called that an error names."""
_WHAT = {
    400: N_("The address or the form says something that cannot be read. Go back and look at what was typed."),
    405: N_("This address does not take what was sent to it. Open the page again and go on from there."),
    413: N_("What was sent is too large. Divide it, or send less."),
}
_IN_WORDS = ("action", "by", "filing", "mechanism", "reason", "what")
"""The fields of an error in which the core says something in English."""
_TWICE = re.compile(r"([?？…])[.。]$")


def sentence_of(error: Exception, language: Language) -> str:
    """The sentence of an error in a language; empty where only the error's own will do."""
    say = catalogue(language).gettext
    if isinstance(error, FactorNotFound) and language != "en":
        return _both(error.code if error.code in FAULTS else FactorNotFound.code, language)
    template = template_of(error)
    if isinstance(error, HTTPException) and error.status_code not in SENTENCES:
        own = in_words(error.detail, language)  # what a handler of ours says; what Litestar says fits no template
        if own != error.detail:
            return f"{own}。"
        if language == "en":
            return ""
    return _TWICE.sub(r"\1", say(template).format(**_fields(error, language))) if template else ""


def template_of(error: Exception) -> str:
    """The sentence of an error as it stands in the catalogue, not yet filled; empty where there is none."""
    for kind in type(error).__mro__:
        told = (KINDS[kind].sentence if kind in KINDS else "") or SAID.get(vars(kind).get("code", ""), "")
        if told:
            return told
        if kind in KINDS and KINDS[kind].status == 500:
            return SENTENCES[500]
    if isinstance(error, HTTPException):
        return SENTENCES.get(error.status_code) or _WHAT.get(error.status_code, "")
    return "" if any(kind in KINDS for kind in type(error).__mro__) else SENTENCES[500]


def fault_words(fault: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A row of a problem with what is wrong and what to do in a language."""
    reason, code, column = str(fault.get("reason") or fault.get("question") or ""), fault.get("code"), fault.get("column")
    told = _both(code, language) if code in FAULTS and language != "en" else in_words(reason, language)
    if column in FIELDS and code is None:  # a field of an address or form, not a heading of a file
        column = catalogue(language).gettext(FIELDS[column])
    return {**fault, "reason": told} | ({"column": column} if column else {})


def _both(code: str, language: Language) -> str:
    what, to_do = map(catalogue(language).gettext, FAULTS[code])
    return f"{what}。{to_do}。" if language == "zh" else f"{what}. {to_do}."


def _fields(error: Exception, language: Language) -> dict[str, Any]:
    """What fills a sentence: the fields of the error in words, how many faults there are, and what of what was refused."""
    fields = {name: _word(name, value, language) for name, value in vars(error).items()}
    if "faults" in fields:
        fields["count"] = len(vars(error)["faults"])
    if "field" in fields:
        whose, typed = (fields.get("unit") or fields.get("plant")), fields.get("value")
        blank = "" if language == "zh" else " "
        fields["what"] = (f"“{whose}”{blank}" if whose else "") + fields["field"] + (f"{blank}“{typed}”" if typed else "")
    return fields


def _word(name: str, value: Any, language: Language) -> Any:
    if name in {"month", "period"} and isinstance(value, int):
        return f"{value // 100}-{value % 100:02d}"
    if isinstance(value, tuple | list):
        return ("、" if language == "zh" else ", ").join(map(str, value)) or "—"
    if name == "field":
        return catalogue(language).gettext(FIELDS[value]) if value in FIELDS else value
    return in_words(value, language) if name in _IN_WORDS and isinstance(value, str) else value
