"""The house has one direction: core knows nothing of the page, and the page's process never loads TensorFlow.
What differs between kinds of example is in core/tasks/ alone.

Imports are read from the source, so a rule holds for code that no test happens to run. A core module that
loads TensorFlow inside a function does so for a process of its own; components may not do even that.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from core import tasks
from core.tasks import TASKS, Task

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"tensorflow", "keras", "keras_hub", "tensorflow_text", "torch", "jax"}
CORE = sorted((ROOT / "core").rglob("*.py"))
NAMES = {*TASKS, *(tasks.task(name).NOUN for name in TASKS)}
PAGE = [ROOT / "streamlit_app.py", *sorted((ROOT / "components").rglob("*.py"))]


def name_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def file_of(name):
    base = ROOT.joinpath(*name.split("."))
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)


def for_types_only(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def statements(node, inside_functions):
    """Every statement below `node`, except those for the type checker and, unless asked for, those in functions."""
    for child in ast.iter_child_nodes(node):
        if for_types_only(child):
            continue
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not inside_functions:
            continue
        yield child
        yield from statements(child, inside_functions)


def imports(file, inside_functions=True):
    """The dotted names that a file imports; of `from a import b` both `a` and `a.b`."""
    package = name_of(file).split(".") if file.name == "__init__.py" else name_of(file).split(".")[:-1]
    names = set()
    for node in statements(ast.parse(file.read_bytes()), inside_functions):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def heavy(names):
    return sorted(name for name in names if name.split(".")[0] in HEAVY)


def with_parents(name):
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def names_a_task(node):
    """Whether an expression is what a task is called, or a tuple, list or set with that in it."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return any(map(names_a_task, node.elts))
    return isinstance(node, ast.Constant) and node.value in NAMES


def choices_by_task(source):
    """The lines of a source that compare with a task's name, match it, ask for one, or have a row for each of them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            found = any(map(names_a_task, (node.left, *node.comparators)))
        elif isinstance(node, ast.Dict):
            found = sum(map(names_a_task, filter(None, node.keys))) > 1
        elif isinstance(node, ast.Call):
            found = ast.unparse(node.func).split(".")[-1] == "task" and any(map(names_a_task, node.args))
        else:
            found = isinstance(node, ast.MatchValue) and names_a_task(node.value)
        if found:
            yield node.lineno


def page_closure():
    """Each project file that the page's process loads -> the chain of files that leads to it."""
    chains = {file: (file,) for file in PAGE}
    waiting = list(PAGE)
    while waiting:
        file = waiting.pop()
        of_page = file in PAGE
        for name in imports(file, inside_functions=of_page):
            for found in filter(None, map(file_of, with_parents(name))):
                if found not in chains:
                    chains[found] = (*chains[file], found)
                    waiting.append(found)
    return chains


@pytest.mark.parametrize("file", CORE, ids=name_of)
def test_core_never_imports_streamlit_or_components(file):
    strangers = {name for name in imports(file) if name.split(".")[0] in ("streamlit", "components", "streamlit_app")}
    assert not strangers


@pytest.mark.parametrize("file", [f for f in CORE if not name_of(f).startswith("core.tasks")], ids=name_of)
def test_only_the_tasks_know_which_modality_it_is(file):
    lines = [f"{file.name}:{line}" for line in choices_by_task(file.read_bytes())]
    assert not lines, "Ask core.tasks.task() instead."
    assert not imports(file) & {f"core.tasks.{name}" for name in TASKS}, "Ask core.tasks.task() for it."


@pytest.mark.parametrize("name", TASKS)
def test_a_task_gives_all_that_the_list_asks_for(name):
    module = tasks.task(name)
    wanted = [member for member in (*Task.__annotations__, *vars(Task)) if not member.startswith("_")]
    assert not [member for member in wanted if not hasattr(module, member)]
    assert f"_GIVEN: Task = {name}" in Path(module.__file__).read_text(), "Let mypy compare it with Task."


def test_the_reader_of_choices_sees_every_form():
    source = (
        'a = 1 if task == "text" else 2\nb = "image" != task\nc = task in ("", "image")\n'
        'd = {"image": 1, "text": 2}[task]\nmatch task:\n    case "text":\n        pass\n'
        'body = {"text": "x"}\ne = row["text"] == other\nf = tasks.task("image")\ng = noun == "texts"\n'
    )
    assert sorted(choices_by_task(source)) == [1, 2, 3, 4, 6, 10, 11]


@pytest.mark.parametrize("file", PAGE, ids=name_of)
def test_the_page_never_imports_tensorflow(file):
    assert not heavy(imports(file))


def test_nothing_that_the_page_loads_imports_tensorflow():
    guilty = {
        " -> ".join(map(name_of, chain)): names
        for file, chain in page_closure().items()
        if (names := heavy(imports(file, inside_functions=file in PAGE)))
    }
    assert not guilty


def test_core_as_the_page_loads_it_brings_neither_tensorflow_nor_scikit_learn_along():
    modules = sorted(name_of(file) for file in page_closure() if file not in PAGE)
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, *modules], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert not heavy(loaded)
    assert "sklearn" not in loaded  # half a second of the first visit, and the worker leaves what it computes


def test_the_reader_of_imports_sees_every_form(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    folder = tmp_path / "core" / "models"
    folder.mkdir(parents=True)
    file = folder / "lite.py"
    file.write_text(
        "import a.b as c\nfrom . import heads\nfrom ..data import scan\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import hidden\ntry:\n    import tried\nexcept ImportError:\n    pass\n"
        "def f():\n    import late\n"
    )
    expected = {"a.b", "core.models", "core.models.heads", "core.data", "core.data.scan", "tried"}
    expected |= {"typing", "typing.TYPE_CHECKING"}
    assert imports(file, inside_functions=False) == expected
    assert imports(file) == expected | {"late"}
