"""The few GraphQL operations of the vendor's client, and the introspection that it checks each of them against."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    NoUnusedVariablesRule,
    assert_scalar_type,
    build_schema,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from graphql.language import Lexer, Source, TokenKind
from pydantic import BaseModel

from macropod_server.domain.errors import Invalid, MacropodError, Unavailable
from macropod_server.wallaroo_api.calling import MOST_ID, CallDep
from macropod_server.wallaroo_api.graph_fields import FIELDS
from macropod_server.wallaroo_api.refusals import WallarooRoute

router = APIRouter(route_class=WallarooRoute)

_MOST_TOKENS = 1000
_DEEPEST = 16
_MOST_ERRORS = 10
_RULES = [rule for rule in specified_rules if rule is not NoUnusedVariablesRule]
"""The client declares variables that it does not use."""

_OPENING = {TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L}
_CLOSING = {TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R}


class Question(BaseModel):
    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815


@router.post("/v1/graphql")
def answer(question: Question, call: CallDep) -> dict[str, Any]:
    """200 with `data`, `errors` or both, whatever was asked; what the server cannot do now is no answer."""
    try:
        document = _read(question.query)
    except GraphQLError as error:
        return {"errors": [error.formatted]}
    if isinstance(document, list):
        return {"errors": [error.formatted for error in document]}
    result = execute_sync(
        _schema(),
        document,
        context_value=call,
        variable_values=question.variables,
        operation_name=question.operationName,
    )
    assert isinstance(result, ExecutionResult)
    _raise_unforeseen(result)
    return dict(result.formatted)


def _raise_unforeseen(result: ExecutionResult) -> None:
    """Refusals are part of the answer. Whatever else went wrong is told as it is on every other route."""
    for error in result.errors or []:
        cause = error.original_error
        is_told = (
            cause is None
            or isinstance(cause, GraphQLError)
            or (isinstance(cause, MacropodError) and not isinstance(cause, Unavailable))
        )
        if cause is not None and not is_told:
            raise cause


@lru_cache(maxsize=64)
def _read(text: str) -> DocumentNode | list[GraphQLError]:
    """The document, or why it does not fit the schema. Raises `GraphQLError` for one that cannot be read."""
    _check_size(text)
    document = parse(text, no_location=True)
    return validate(_schema(), document, _RULES, max_errors=_MOST_ERRORS) or document


def _check_size(text: str) -> None:
    """Before it is parsed, since that takes a stack as deep as the text is nested."""
    lexer, depth, count = Lexer(Source(text)), 0, 0
    while (kind := lexer.advance().kind) is not TokenKind.EOF:
        count += 1
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if count > _MOST_TOKENS or depth > _DEEPEST:
            raise Invalid(
                f"A query has at most {_MOST_TOKENS:,} words and signs, and is nested {_DEEPEST} deep at most."
            )


@lru_cache(maxsize=1)
def _schema() -> GraphQLSchema:
    schema = build_schema(files(__package__).joinpath("schema.graphql").read_text())
    for root in (schema.query_type, schema.mutation_type):
        for name, field in root.fields.items() if root else ():
            field.resolve = FIELDS[name]
    for scalar, read in (("bigint", _read_id), ("uuid", _read_uuid)):
        assert_scalar_type(schema.type_map[scalar]).parse_value = read  # type: ignore[method-assign]
    return schema


def _read_id(value: object) -> int:
    """All that is asked with are ids of workspaces."""
    if type(value) is not int or not 0 <= value <= MOST_ID:
        raise GraphQLError(f"A bigint is a whole number from 0 to {MOST_ID:,}.")
    return value


def _read_uuid(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise GraphQLError("A uuid is a text.")
    return value
