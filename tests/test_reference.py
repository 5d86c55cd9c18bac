"""The API reference is made without a warning and says what the docstrings say."""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import Path

from reference import write_reference

PACKAGE = Path(__file__).parent.parent / "instrunet_widgets"


def test_reference_is_made_without_warnings(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        write_reference(tmp_path)
    ours = [str(warning.message) for warning in heard if "instrunet_widgets" in str(warning.message)]
    assert ours == []
    page = (tmp_path / "instrunet_widgets" / "decoding.html").read_text(encoding="utf-8")
    assert "moving average" in page.lower()
    assert (tmp_path / "instrunet_widgets" / "training" / "folds.html").is_file()
    assert not (tmp_path / "instrunet_widgets" / "server" / "hub" / "jupyterhub_config.html").exists()
    front = (tmp_path / "instrunet_widgets.html").read_text(encoding="utf-8")
    assert all(name in front for name in ("analyze", "Classifier", "DecodingConfig", "Analysis"))
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    pages = {page.relative_to(tmp_path).as_posix() for page in tmp_path.glob("*/**/*.html")}
    assert pages | {"instrunet_widgets.html"} == set(re.findall(r'<dt><a href="([^"]+)"', index))
    assert "How well time ranges fit labels" in index


def read_parameters(docstring: str) -> set[str]:
    """Names in the section "Parameters" of a numpydoc docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}$|\Z)", docstring, flags=re.DOTALL | re.MULTILINE)
    lines = re.findall(r"^(\S.*?) : |^(\*\S+)$", section[1], flags=re.MULTILINE) if section else []
    return {name.strip("* ") for named, starred in lines for name in (named or starred).split(",")}


def own_parameters(node: ast.AST) -> set[str] | None:
    """Parameters of a function, or of a class: its fields or its ``__init__``; None where they are inherited."""
    if isinstance(node, ast.ClassDef):
        makers = [part for part in node.body if getattr(part, "name", "") in ("__init__", "initialize")]  # Tornado's
        if makers:
            return set().union(*(own_parameters(part) or set() for part in makers))
        is_data = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
        fields = {ast.unparse(part.target) for part in node.body if isinstance(part, ast.AnnAssign)}
        return fields if is_data and not node.bases else None
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in every if argument}


def test_docstrings_name_the_parameters_that_there_are() -> None:
    unknown, n_seen = [], 0
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                documented, there = read_parameters(ast.get_docstring(node) or ""), own_parameters(node)
                n_seen += len(documented)
                if there is not None and documented - there:
                    unknown.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}: {documented - there}")
    assert unknown == []
    assert n_seen > 1_000


def test_parameters_are_read_from_docstrings() -> None:
    text = "Do it.\n\nParameters\n----------\na, b : int\n    Seconds : not a name.\n*rest\nReturns\n-------\nc : int\n"
    assert read_parameters(text) == {"a", "b", "rest"}
    (function, data) = ast.parse("def f(a, *, b): ...\n@dataclass\nclass A:\n    x: int").body
    assert own_parameters(function) == {"a", "b"}
    assert own_parameters(data) == {"x"}
