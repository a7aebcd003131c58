"""The errors programs made for Wallaroo look for by name."""


class EntityNotFoundError(Exception):
    """What was asked for by name or id is not there."""

    def __init__(self, entity_type: str, params: dict[str, str]) -> None:
        super().__init__(f"There is no {entity_type} with {', '.join(f'{key} {params[key]!r}' for key in params)}.")
