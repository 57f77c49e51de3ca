"""The hazards' table of the ledger, target against result, as Markdown: `python -m tests.ledger.soak_report FILE` after `make soak-ledger`.

Each line of FILE is what one test counted (tests/ledger/conftest.py). Exits 1 where a test did not pass or was never run.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TARGETS = {
    "test_kill_9_under_load_loses_nothing_that_was_acknowledged_and_doubles_nothing": (
        "kill −9 while clients post",
        "1,000 kills: 0 acknowledged lost, 0 duplicate, 0 unbalanced",
    ),
    "test_a_torn_log_leaves_a_balanced_beginning_and_the_checkpoint_outside_tells_what_is_lost": (
        "torn write-ahead log",
        "1,500: always a balanced prefix, each loss told by the outside checkpoint",
    ),
    "test_a_posting_onto_a_full_disk_books_all_of_it_or_nothing_says_so_and_goes_on_when_there_is_room": (
        "disk full",
        "before or after, never between",
    ),
    "test_a_posting_that_fails_at_any_of_its_calls_leaves_all_or_nothing": ("fail at the n-th call", "before or after, never between"),
    "test_of_a_flood_of_redemptions_exactly_those_that_the_balance_covers_succeed": (
        "10,000 redemptions, 32 clients, balance 1,000, price 10",
        "exactly 100 succeed",
    ),
    "test_every_snapshot_of_a_bank_sums_to_what_it_began_with_and_no_deadlock_surfaces": (
        "bank invariant, 20,000 transfers",
        "every snapshot sums to the same, no deadlock surfaces",
    ),
    "test_fifty_twins_have_one_effect_and_fifty_equal_answers": ("one key × 50 in parallel", "one effect, 50 equal answers"),
    "test_the_book_and_the_model_say_the_same": ("state machine against a model", "0 differences in 300 runs × 50 steps"),
    "test_a_flipped_bit_in_any_column_of_any_table_is_found_and_its_row_named": (
        "tamper: bits flipped in every column",
        "1,000: 100 % found, the row named",
    ),
    "test_a_flipped_bit_anywhere_in_the_file_is_never_passed_over": (
        "tamper: bits flipped in the file",
        "1,000: 100 % of readable changes found",
    ),
    "test_a_row_that_is_deleted_is_found_and_named": ("tamper: rows deleted", "100 % found, the row named"),
    "test_rows_that_changed_places_are_found_and_named": ("tamper: rows in another order", "100 % found, the row named"),
    "test_a_database_rolled_back_to_any_earlier_copy_is_told_from_an_honest_one": ("tamper: rolled back", "100 % found"),
    "test_an_honest_book_is_never_accused": ("clean runs", "1,000: 0 false alarms"),
    "test_a_forged_proof_is_refused_whatever_is_forged": ("forged proofs", "10,000: 0 accepted"),
    "test_a_backup_under_load_holds_every_entry_that_was_acknowledged_before_it_began": (
        "backup and restore under load",
        "every entry acknowledged before the start",
    ),
    "test_one_changed_byte_anywhere_is_refused_with_the_file_named_and_nothing_is_left": ("a bad backup", "refused 100 %"),
}
"""Test by test: what is tried, and what the table wants of it."""
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "": ""}


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Markdown, in the order of TARGETS; a test that left no line says so."""
    rows = ["| test | target | engine | tried | result | time |", "|---|---|---|---:|---|---:|"]
    for test, (name, target) in TARGETS.items():
        mine = [line for line in lines if line["test"] == test]
        for line in mine or [{"engine": "", "count": None, "result": "not run", "seconds": None}]:
            count = "" if line["count"] is None else f"{line['count']:,}"
            seconds = "" if line["seconds"] is None else f"{line['seconds']:,.0f} s"
            result = line["result"] if not line.get("why") else f"{line['result']}: {line['why']}"
            rows.append(f"| {name} | {target} | {ENGINES[line['engine']]} | {count} | {result} | {seconds} |")
    return "\n".join(rows)


def main(report: Path) -> int:
    """Print the table; 1 where anything in it did not pass."""
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()] if report.exists() else []
    sys.stdout.write(table(lines) + "\n")
    return 0 if {line["test"] for line in lines if line["passed"]} == set(TARGETS) and all(line["passed"] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
