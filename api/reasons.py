"""What the core says of a refusal, in the language of a page.

The core writes its reasons in English and knows no catalogue. Here stand their templates: a reason is held against them, the one with the
most words of its own first, and the translation of the one that fits is filled with what stood in its fields. What fits none is shown as
it is. tests/api/test_reasons.py walks the sources and holds that each reason of theirs stands here.
"""

import re
from functools import cache

from api.language import Language, catalogue
from api.problems import N_

COUNTS = frozenset({"first", "last", "m", "most", "n", "year"})
"""The fields of templates in which a number stands; in others anything may."""
LONGEST = 1000
"""What is longer is no reason of ours, and is not looked through."""
_FIELD = re.compile(r"\{(\w+)\}")
_QUOTED = re.compile(r"(['\"])(.*)\1", re.DOTALL)
_LIST = re.compile(r" or |, ")

TEMPLATES = (
    # of many forms
    N_("it is empty"), N_("it has no name"), N_("it is named twice"), N_("a whole number"), N_("one of {names}"),
    N_("{first} to {last}"), N_("a day is written 2025-01-31"), N_("a month is written yyyymm"), N_("a month is written 2023-06"),
    N_("it is not over"), N_("it ends before it begins"), N_("more than nothing"), N_("at most {n} signs"),
    N_(
        "{text} is not a plain number: write digits with a point, such as 1240.6; no thousands separators, exponents, full-width "
        "digits or units"
    ),
    N_("unit {text} is not known. `tanzhang units list` lists them all"),
    N_("unit {text} is not known; nearest: {names}. `tanzhang units list` lists them all"),
    N_("unit {text} is ambiguous: {more}. Write one of {names}"),
    N_("{unit} cannot be turned into {other}: they measure different things"),
    N_("{unit} cannot be turned into {other}: they measure different things. {more}"),
    # of a firm, its sites and owners
    N_("1 to 200 characters that print"), N_("a GB/T 4754 code such as C3011 or 3011"),
    N_("1 to 40 characters without blanks, / and |; it becomes part of account names"),
    N_("the accounts of a holder's units and obligations are called so: choose another"),
    N_("this looks like a number of a person or a firm, and would stand in account names"),
    N_("this is a division's code: lines without a site are booked under such names"), N_("the site lies in {division} since {since}"),
    N_("it was no division on {day}"), N_("six digits of GB/T 2260 such as 330522, or ISO 3166 such as GB"),
    N_("18 signs of GB 32100, the last of which checks the others: is one wrong?"), N_("say why this is said, or what changed"),
    N_("a code of GB/T 4754 such as C3011 or 3011, of divisions 01 to 97"),
    N_("division {code} lies in section {section}, not {other}"), N_("above zero, up to {n} tce; leave it out if unknown"),
    N_("an exclusion names its source and its reason"), N_("scope 3 has the categories 1 to 15"),
    N_("each instrument has an id of its own"), N_("the plan has no instrument {text}"),
    N_("a parameter has a method, and a fallback where it is missing"), N_("name a role such as 能源主管, not a person"),
    N_("boundary, base-year, exclusion, control-plan or economy"), N_("a line has {first} to {last} parts with semicolons between"),
    N_("percent with one decimal at most"), N_("yuan with two decimals at most"), N_("say why, in at most {n} signs"),
    N_("each owner is named once"), N_("the firm has no site {text}"), N_("a table of that day stands: tell one from another day on"),
    N_("nobody has a part that could end: name the owners"), N_("{owner} has a share from that day already, and what was said stands"),
    N_("the approach {text} is none of {names}"), N_("operational control is whole or none"),
    N_("a share is 0 to 1,000,000 millionths"), N_("all shares together are {n} millionths"),
    N_("17 digits, then a digit or X: is one missing?"),
    N_("its last sign does not check the others: is one wrong?"),
    N_("its first six digits are no county of GB/T 2260 that ever was: are they right?"),
    N_("its digits 7 to 14 are no day: is one wrong?"),
    N_("its digits 7 to 14 are no day on which a person alive can be born: is one wrong?"),
    # of contracts and certificates
    N_("{contract} names this certificate already: it covers one of the two"), N_("it was used already, {why}: name another one"),
    N_("in another holder's filing"), N_("in the filing of {year}"), N_("for {activity} of {year}"),
    N_("the filing of {year} is handed in, and {why}"),
    N_("{no} was retired for another purpose, year or holder, once and for ever: name another certificate"),
    N_("{no} was never issued: correct the number"),
    N_("{no} lies on the holder's account and is not used up: retire it as a claim for {year} first, then hand this in"),
    N_("{no} is not retired for this holder: have who holds it claim it for {year} with this holder as the beneficiary, or pass it on"),
    N_("one of the holder's sites ({names}), or none for any"),
    N_("heat and cooling by contract need the supplier's factor: nothing is zero by rule but power of no fossil origin"),
    N_("a certificate is named twice"),
    # of a filing: documents, lines, findings and its way
    N_("it has {n} bytes, {most} are kept: split it or scan it coarser"),
    N_("documents are PDF, PNG, JPEG, .xlsx or text in UTF-8: save it as one of them"),
    N_("a filing is of a year from {year} on and by a guide"), N_("only what was booked is restated: go on with it"),
    N_("{year} is not over"),
    N_(
        "its lines are word for word those that are booked, and they come to the same to the gram ({n} g CO2e by {gwp}): there is "
        "nothing to restate; change the lines, or what they are calculated by"
    ),
    N_("what was accepted is booked, once"), N_("a second person agrees before closed months are opened"),
    N_("this happens while it is {states}"), N_("this is done by {parties}, not by {party}"), N_("the next version is {n}"),
    N_("a version is written in answer to an open finding alone: name it"), N_("nothing is verified yet that it could answer"),
    N_("materiality is 1 to 1000 thousandths of the declared total"), N_("the next finding is {n}"),
    N_("a finding says what was found"), N_("a reply has words or documents"),
    N_("a finding that named a value is closed with the value that holds, weighed against the lines"),
    N_("a major finding is closed once the firm has answered it"), N_("two verifiers sign: name the second"),
    N_("findings are open: {names}"), N_("it is not being verified"),
    N_("{n} g are still off, {most} g are material: the opinion cannot be unqualified"),
    N_("one verifier signed it already: another decides on that request"), N_("a rejection says why"),
    N_("the verifier's opinion is {opinion}: reject it with the reason"), N_("it has no lines yet: save them first"),
    N_("the version that stands is {n}, of hash {hash}…"),
    N_("the value was weighed against version {n}, version {m} stands: weigh it again"),
    N_("a value that stands in for missing data never makes the emission smaller than it was declared"), N_("it has no finding {n}"),
    N_("finding {n} is closed"), N_("this is a filing of {year}"), N_("this is a filing of {year}, {since} to {until}"),
    N_("the filing is of {period}: file this line with its own year, or divide it at the year's end"),
    N_("version {n} has no such line"), N_("the line has no such variable; it has {names}"),
    N_("name a column of the file that has a value, or a variable such as v_CaO"), N_("a heading has 1 to 200 signs"),
    N_("one of {names}, {other} or a name that begins with {prefix}"),
    N_("{heading} is read as {column} already: choose one of the two"),
    N_("{text} is no beginning of a GB/T 4754 code such as C30 or D44"), N_("{number} is another's"),
    N_("{number} begins on {day} already"),
    # of monthly evidence
    N_("{sha256} is no document of this holder: attach it first"), N_("a packet stands for this month: say why it is filed again"),
    N_("{text} is none of {names}"), N_("a reading is not below zero"), N_("it is neither read nor said why there is none"),
    N_("it is read and said to be absent: one of the two"),
    N_("document {sha256} is gone or altered"),
    N_("its hash is not that of its manifest and the packet before"),
    N_("it does not follow the packet before it"),
    N_("it stands under another month or version than it says"),
    # of allowances and obligations
    N_("name the units or lines that the obligation is made of"), N_("a verified emission is 0 to {n} g"),
    N_("an allowance is 0 to {n} t"), N_("{text} is no class of {rule}: one of {names}"), N_("the rule has no formula: {source}"),
    N_("power and heat are not below zero, the heat ratio lies between 0 and 1"), N_("a load correction is 1 or more"),
    N_("only units of {fuel} below a load of {load} have one: state the load"),
    N_("state output, and the industry's balance value in t CO2 per unit of it with its source"),
    N_("output and balance value are above zero"), N_("they add up to {n} g, {m} g are verified"),
    N_("it leads to {n} g, {m} g are verified"), N_("is no filing of this holder"), N_("is of {year}, not of {other}"),
    N_("is of a year that begins in month {n}; programmes count calendar years"), N_("is {state}"), N_("was restated by {filing}"),
    N_("there is no programme {text}: one of {names}"), N_("{programme} has no rule of sector {text} for {year}: there are {names}"),
    N_("vintages {first} to {last} that are still good are carried over"),
    N_("{rule} limits no carrying over: older vintages are surrendered as they are"),
    N_("vintage {year} may not be surrendered for this year: {why}"), N_("expired"), N_("not carried over"),
    N_("no unit of the programme"), N_("vintage before {n}"), N_("vintage after {n}"),
    # of units, their serials and accounts
    N_("units are of {names}"), N_("allowances of {year} are CEA.{n}"), N_("it was issued before"), N_("it was never issued"),
    N_("claim-{n}"), N_("cancel"), N_("expire"), N_("it was retired for {purpose} by entry {n}, once and for ever"),
    N_("it lies with another holder"), N_("they lie with this holder: name another"), N_("units have a series"),
    N_("serials run from 1 up to {n}, the first before the last"), N_("serials of one commodity are named at a time"),
    N_("{field}: a whole number of units"), N_("a line names commodity, series and serials: CEA.2024 A1 1-500"),
    N_("serials {first}–{last} of {unit} {series} were issued already"), N_("serials {first}–{last} of lot {n}"),
    N_("{what} are not on {account}: {why}"), N_("they lie on {account}"), N_("they do not lie together in one place"),
    N_("{what} are retired, once and for ever"), N_("{what} expired on {day}"),
    N_("its units have serials, and the serials it names are not those of its legs"), N_("serials run from 1 up, not {first}–{last}"),
    N_("name how many units, or their serials from the first to the last"),
    N_("{account} has {n} {commodity} that are good on {day}, {m} were asked for"),
    # of generation and its certificates
    N_("{n} kWh stand in this month: a correction leaves no less than zero"), N_("{text} is none that a kWh may feed: one of {names}"),
    N_("a claim is above zero and is not taken back; {unit} are whole, of {n} kWh each"),
    N_("what a storage discharges was generated elsewhere: it feeds nothing"), N_("certificates are whole, one at least"),
    N_("the rule {rule} holds from {n} on"), N_("it is another holder's: write it with the number of your own plant"),
    N_("1 to {n} characters without blanks, / and |"), N_("a month is written yyyymm, and has begun"), N_("whole kWh, not zero"),
    # of tags of carbon efficiency
    N_("tags are given to firms of one year, each named once"), N_("{text} is no mean: a decimal or fraction above zero, 0.5 or 1/2"),
    N_("an appeal says why"), N_("tag {n} was given anew since: appeal against the latest"),
    N_("there is an appeal against tag {n} already"), N_("a decision says why"),
    N_("nobody decides their own appeal: another person must"), N_("appeal {n} was decided already"),
    N_("there is no {kind} {n} of this firm and year"), N_("grams from 0 up of {names}, not {mass} of {text}"),
    N_("{text} is no share: a decimal from 0 to 1, 0.97 for 97 %"),
    N_("there is no rule pack {text} of carbon efficiency: one of {names}"), N_("this is no rule pack of carbon efficiency: {error}"),
    N_("pack {pack}: a numerator is net of {names}, a mean is weighted or plain"),
    N_("pack {pack}: cuts rise from grade to grade, and the last grade has none"),
    # of months, holds and what the ledger rules
    N_("it is closed already"), N_("it is open already"),
    N_("a month is reopened with a reason and by a second person beside the first"), N_("there is no such hold in this book"),
    N_("{n} of {most} are still held, {m} were asked for"), N_("it holds until {why}"), N_("it is settled or released"),
    N_("it held until {day}: release what is left of it"), N_("nothing is held any more"),
    N_("an amount to settle or release is positive"),
    # of users, offices and passwords
    N_("1 to {n} signs that say which machine it is"), N_("this moment has passed"),
    N_("a person's office of {office} asks for a second factor: give a machine its own user"),
    N_("what it says of itself is not this issuer's (Discovery 1.0, 4.3)"), N_("it answered {n}"), N_("its answer is no JSON object"),
    N_("another user here has linked it"), N_("you have no password: without this account you could not sign in"),
    N_("at least {n} signs, at most {most} bytes: a sentence is good"), N_("too simple: it consists of three signs or fewer"),
    N_("it is the present one"), N_("this is the demo's, which everybody knows"),
    N_("it is one of those that are tried first: take a sentence that nobody has written"),
    N_("it is the login with a little around it"), N_("it is a run of neighbouring signs"),
    N_("has {n} bytes, at most {most} are taken: split it"), N_("{pack} is released already"),
    N_("{n} packs of yours wait for a decision"), N_("1 to {n} signs that print: it stands in the book for good"),
    N_("it was offered to another session: load the page again"), N_("you have one already: remove it first"), N_("1 to 200 signs"),
    N_("a login and a password go together"), N_("somebody has it already"), N_("was shut out, and holds no new office"),
    N_("there is no holder {id}"), N_("there is no division {id}"), N_("the user is {office} there already"),
    N_("the user is {office}: nobody is two of {offices}"), N_("a machine has no password: it comes by key"), N_("is not shut out"),
    N_("the office of {office} is held within a {bound}: name {bounds}"), N_("the two are not the same"),
    N_("the book has users: further administrators are made with tanzhang user add"),
    N_("this book has users of its own; the demo wants a book of its own, such as --home .tanzhang-demo"),
    # of addresses and what was sent to them
    N_("there was no answer in time"),
    N_("the connection failed"),
    N_("this host was not named as one to call"),
    N_("leave name and password out of the address"),
    N_("a port is 1 to {n}"),
    N_("only https:// is called"),
    N_("the name was not found"),
    N_("this name stands for an address of a private network"),
    N_("the answer is packed, which was not asked for"),
    N_("the answer is longer than {n} bytes"),
    N_("this is no address of the web"),
    N_("{id} version {n}"),
    N_("day {text} is no day: write it as 2023-07-01"),
    N_("{name}: a day such as 2026-11-28"),
    N_("{name}.xlsx holds {n} rows at most: ask for .csv"),
    N_("this machine answers to {names} alone: open it under that name"),
    N_("an address has at most {n} bytes: send less in the query"),
    N_("between two strokes of a path stand at most {n} bytes"),
    N_("the {part} of this address holds a control sign, or is no UTF-8"),
    N_("the path of this address holds a control sign"),
    N_("a field of this form holds U+0000, or is no UTF-8"),
    N_("the body did not arrive whole"),
    N_("JSON or a form has here at most {n} bytes: send a file"),
    N_("the body did not come within {n} seconds, and one more for each {m} bytes: send it anew"),
    N_("Invalid isoformat string: {text}"),
    N_("month must be in 1..12"),
    N_("day is out of range for month"),
    N_("Expected `int` >= {n}"),
    N_("Expected `int` <= {n}"),
    N_("Expected `{type}`, got `{other}`"),
    # words that a reason may name: states, parts, opinions, offices, what is asked for
    N_("draft"), N_("submitted"), N_("verifying"), N_("verified"), N_("accepted"), N_("booked"), N_("rejected"), N_("none"),
    N_("firm"), N_("verifier"), N_("authority"), N_("disclaimed"),
    N_("unqualified"), N_("qualified"), N_("adverse"), N_("administrator"), N_("regulator"), N_("and {n} faults more"),
    N_("resident"), N_("park"), N_("provider"), N_("security"),
    N_("auditor"), N_("holder"), N_("division"), N_("platform"), N_("a holder alone"), N_("a division alone"),
    N_("neither holder nor division"), N_("it has none"), N_("tag"), N_("appeal"), N_("a correction"), N_("user {id}"),
    N_("office {id}"), N_("request {id}"), N_("key {id}"), N_("user of that login"),
    N_("allowances"), N_("offsets"), N_("count"),
    N_("water"), N_("air"), N_("electricity"), N_("cooling"), N_("heat"), N_("steam"), N_("power"), N_("cement"), N_("steel"),
    N_("aluminium"), N_("operational"), N_("financial"), N_("equity"), N_("structure"), N_("method"), N_("error"), N_("person"),
    N_("machine"),
    # what a principal may not do
    N_("add a holder"), N_("add a site"), N_("move a site"),
    N_("accept a filing with sites in other areas: the area above accepts it"), N_("accept or reject filings"), N_("accredit oneself"),
    N_("accredit verifiers"), N_("add a contract of energy"), N_("appeal against a tag"), N_("attach documents of a firm"),
    N_("book this filing: who accepted it does, or the firm"), N_("carry allowances over"), N_("decide an appeal"),
    N_("file evidence"), N_("give tags of carbon efficiency"), N_("issue certificates"), N_("issue units"), N_("move units"),
    N_("post entries"), N_("prepare filings"), N_("record activity data"), N_("say what a firm is"), N_("say who owns a firm"),
    N_("state an obligation"), N_("surrender units"), N_("write a draft"), N_("write of generation"),
    N_("{action}: the authority does"),
)  # fmt: skip


def parts_of(template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a template and, between them, the names of its fields."""
    parts = _FIELD.split(template)
    return tuple(parts[::2]), tuple(parts[1::2])


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each template as a regular expression, the most specific first."""
    ordered = sorted(TEMPLATES, key=lambda template: -sum(map(len, parts_of(template)[0])))
    return tuple((re.compile(_pattern(template), re.DOTALL), template) for template in ordered)


def _pattern(template: str) -> str:
    words, fields = parts_of(template)
    groups = [f"(?P<{name}>{r'[-+]?[0-9][0-9,.]*' if name in COUNTS else '.*?'})" for name in fields]
    return "".join(re.escape(word) + group for word, group in zip(words, [*groups, ""], strict=True))


def in_words(reason: str, language: Language) -> str:
    """A reason of the core in a language; as it is where no template fits."""
    if language == "en" or len(reason) > LONGEST:
        return reason
    for pattern, template in _patterns():
        match = pattern.fullmatch(reason)
        if match:
            return catalogue(language).gettext(template).format(**{name: _told(text, language) for name, text in match.groupdict().items()})
    return reason


def _told(text: str, language: Language) -> str:
    """What stood in a field: a quotation in the signs of the language, a reason or words of their own in words, anything else as it is."""
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return f"“{quoted[2]}”"
    whole = in_words(text, language)
    if whole != text:
        return whole
    pieces = _LIST.split(text)
    told = [in_words(piece, language) for piece in pieces] if len(pieces) > 1 else pieces
    return "、".join(told) if told != pieces else text
