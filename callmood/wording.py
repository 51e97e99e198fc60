"""How many of what, as a person reads it."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """1 and "call" as "1 call", 2000 as "2,000 calls"; ``many`` is for what does not simply take an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
