"""The public surface: everything is in `__all__`, documented and typed."""

import inspect
import tomllib
from pathlib import Path

import macropod
import pytest

PUBLIC = [getattr(macropod, name) for name in macropod.__all__]
SDK = Path(macropod.__file__).parent


def members(kind: type) -> list[object]:
    ours = [each for each in kind.__mro__ if each.__module__.startswith("macropod")]
    found = {name: member for each in reversed(ours) for name, member in vars(each).items() if name[0] != "_"}
    return [each for each in found.values() if callable(each) or isinstance(each, property | classmethod)]


def test_every_public_name_is_listed_once_in_order() -> None:
    assert macropod.__all__ == sorted(set(macropod.__all__))
    assert set(macropod.__all__) <= set(dir(macropod))


def test_the_names_type_checkers_see_are_the_names_there_are() -> None:
    text = (SDK / "__init__.py").read_text()
    block = text[text.index("if TYPE_CHECKING") : text.index("__version__")]
    for name in macropod.__all__:
        assert f"{name}," in block or f" {name}\n" in block, name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = macropod.Nothing


@pytest.mark.parametrize("public", PUBLIC, ids=macropod.__all__)
def test_every_public_name_and_method_is_documented(public: object) -> None:
    undocumented = [
        each for each in [public, *(members(public) if inspect.isclass(public) else [])] if not each.__doc__
    ]
    assert undocumented == []


WITH_ATTRIBUTES = [
    *(macropod.Orchestration, macropod.Task, macropod.Run),
    *(macropod.Tick, macropod.Cadence, macropod.Lineage, macropod.Event, macropod.Pool, macropod.Workspace),
    *(macropod.TaskOptions, macropod.ScheduledOptions, macropod.ContinuousOptions),
]


@pytest.mark.parametrize("kind", WITH_ATTRIBUTES, ids=lambda kind: kind.__name__)
def test_every_attribute_is_described(kind: type) -> None:
    described = (inspect.getdoc(kind) or "") + (inspect.getdoc(macropod.TaskOptions) or "")
    assert [name for name in kind.__annotations__ if not name.startswith("_") and name not in described] == []


def test_every_error_is_in_one_tree_with_a_code_of_its_own() -> None:
    errors = [each for each in PUBLIC if inspect.isclass(each) and issubclass(each, Exception)]
    assert all(issubclass(each, macropod.MacropodError) for each in errors)
    assert len({each.code for each in errors}) == len(errors)


def test_the_package_knows_its_version_and_says_that_it_is_typed() -> None:
    project = tomllib.loads((SDK.parent / "pyproject.toml").read_text())["project"]
    assert macropod.__version__ == project["version"]
    assert (SDK / "py.typed").exists()
