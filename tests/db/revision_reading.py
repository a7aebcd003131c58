"""What a revision takes away from servers that do not know it yet, read from its source."""

import ast
from collections.abc import Iterator

_ALWAYS = {
    "drop_table": "drops a table",
    "drop_column": "drops a column",
    "rename_table": "renames a table",
    "create_check_constraint": "adds a check to a table that is there",
    "create_unique_constraint": "makes values unique that were not",
    "create_foreign_key": "ties columns together that were free",
    "create_primary_key": "changes what names a row",
    "create_exclude_constraint": "excludes values that were taken",
}
_STATEMENTS = ("ALTER", "DROP", "RENAME", "DELETE", "TRUNCATE")


def contractions(source: str) -> list[str]:
    """A sentence for each; empty for a revision that only adds."""
    upgrade = next(
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    )
    made = {_text(call.args[0]) for call in _calls(upgrade) if _name(call) == "create_table"}
    return [told for call in _calls(upgrade) for told in _told(call, made)]


def _calls(upgrade: ast.FunctionDef) -> Iterator[ast.Call]:
    return (node for node in ast.walk(upgrade) if isinstance(node, ast.Call))


def _told(call: ast.Call, made: set[str]) -> Iterator[str]:
    name, keywords = _name(call), {each.arg: each.value for each in call.keywords}
    if name in _ALWAYS:
        yield f"{name} {_ALWAYS[name]}"
    elif name == "add_column":
        yield from _of_column(next(each for each in call.args if isinstance(each, ast.Call)))
    elif name == "alter_column":
        yield from (f"alter_column changes {each}" for each in keywords if each in ("new_column_name", "type_"))
        if _is(keywords.get("nullable"), False):
            yield "alter_column needs a value where none was needed"
    elif name == "create_index" and _is(keywords.get("unique"), True) and _text(call.args[1]) not in made:
        yield "create_index makes values unique that were not"
    elif name == "execute" and any(word in _text(call.args[0]).upper().split() for word in _STATEMENTS):
        yield f"execute runs {_text(call.args[0])}"
    elif name == "create_table":
        yield from _of_table(call, made)


def _of_column(column: ast.Call) -> Iterator[str]:
    keywords = {each.arg: each.value for each in column.keywords}
    if _is(keywords.get("nullable"), False) and "server_default" not in keywords:
        yield f"the column {_text(column.args[0])} has to be given, and who does not know it gives none"


def _of_table(call: ast.Call, made: set[str]) -> Iterator[str]:
    """Who does not know a table cannot delete its rows before those they belong to."""
    for each in call.args:
        if isinstance(each, ast.Call) and _name(each) == "ForeignKeyConstraint":
            (target,) = ast.literal_eval(each.args[1])
            cascades = any(word.arg == "ondelete" and _text(word.value) == "CASCADE" for word in each.keywords)
            if target.partition(".")[0] not in made and not cascades:
                yield f"the rows of {_text(call.args[0])} hold those of {target} that others delete"


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and node.args:  # sa.text("…")
        return _text(node.args[0])
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
