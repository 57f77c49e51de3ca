"""django-hordak's own bulk way: `python -m tests.benchmarks.hordak_bulk URL COUNT` prints the seconds that COUNT two-leg transactions take."""

import sys
import time
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit

ACCOUNTS = 200


def main(url: str, count: int) -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    at = urlsplit(url)
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": at.path[1:], "USER": at.username, "PASSWORD": unquote(at.password or "")}
    query = dict(part.split("=", 1) for part in at.query.split("&") if part)
    database |= {"HOST": unquote(query.get("host", at.hostname or "")), "PORT": str(at.port or "")}
    settings.configure(
        DATABASES={"default": database}, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True, DEFAULT_CURRENCY="EUR",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "hordak"], SECRET_KEY="benchmark", CURRENCIES=["EUR"],
    )  # fmt: skip
    django.setup()
    call_command("migrate", verbosity=0)
    print(seconds(count))


def seconds(count: int) -> float:
    from django.db import transaction
    from djmoney.money import Money
    from hordak.models import Account, Leg, Transaction

    accounts: list[Any] = [
        Account.objects.create(name=f"account {n}", code=str(n), type="AS" if n % 2 else "LI", currencies=["EUR"]) for n in range(ACCOUNTS)
    ]
    start = time.perf_counter()
    with transaction.atomic():
        made = Transaction.objects.bulk_create([Transaction(description=f"ref {n}") for n in range(count)], batch_size=5_000)
        legs = []
        for n, one in enumerate(made):
            amount = Money(Decimal(n % 1_000 + 1), "EUR")
            legs.append(Leg(transaction=one, account=accounts[n % ACCOUNTS], debit=amount))
            legs.append(Leg(transaction=one, account=accounts[(n + 1) % ACCOUNTS], credit=amount))
        Leg.objects.bulk_create(legs, batch_size=5_000)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
