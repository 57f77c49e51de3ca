"""What others may build on, as text."""


def contract() -> None:
    """tanzhang contract
    tanzhang contract > contract.txt

    Print every command, setting, route with its door, file and JSON schema, in an order that stays.

    Two versions of the program are compared by comparing what they print. No book is needed.
    """
    from api.operations.contract import contract as lines

    for line in lines():
        print(line)
