"""docs/reference.md says what the sources say, and leaves nothing out."""

import json
import re

import pytest

from backup_contract.exit_codes import OF_COMMANDS
from launcher.request import MANUAL
from repo_backup.cli.main import COMMANDS
from tools import reference
from tools.iam.template import ROOT, Template

PAGES = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)


@pytest.fixture(autouse=True)
def nobodys_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person has set does not change the page."""
    for variable in reference.OF_THE_PERSON:
        monkeypatch.delenv(variable, raising=False)


def test_the_page_is_what_the_sources_give() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run: make reference"


def test_every_parameter_output_event_and_command_has_its_line(template: Template) -> None:
    page = reference.page()
    rows = set(re.findall(r"^\| \[?`([^`]+)`", page, re.M))
    assert set(template.source["Parameters"]) <= rows
    assert set(template.source["Outputs"]) <= rows
    assert {path.name for path in (ROOT / "events").glob("*.json")} <= rows
    assert set(MANUAL) <= rows
    assert set(re.findall(r"^### repo-backup (\S+)$", page, re.M)) == set(COMMANDS)
    assert set(COMMANDS) <= set(OF_COMMANDS)


@pytest.mark.parametrize("field", MANUAL)
def test_every_field_of_a_manual_event_has_its_example(field: str) -> None:
    files = (ROOT / "events").glob("manual*.json")
    assert any(set(json.loads(path.read_text())) == {field} for path in files)


@pytest.mark.parametrize(
    "page", sorted(["README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
)
def test_every_link_within_the_documentation_leads_somewhere(page: str) -> None:
    here = ROOT / page
    text = re.sub(r"^```.*?^```", "", here.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (here.parent / path) if path else here
        assert found.exists(), f"{page}: {target}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found.read_text()), f"{page}: {target}"


def test_every_test_and_source_that_the_documentation_names_exists() -> None:
    texts = [(ROOT / page).read_text() for page in PAGES if page != "CHANGELOG.md"]
    named = {name for text in texts for name in re.findall(r"`([^`\s]+)`", text)}
    files = [str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/*.py")]
    modules = {name for name in named if re.fullmatch(r"(\w+/)*test_\w+\.py", name)}
    lost = {name for name in modules if not any(f"/{f}".endswith(f"/{name}") for f in files)}
    assert sorted(lost) == []
    functions = {
        f for file in files for f in re.findall(r"def (test_\w+)", (ROOT / file).read_text())
    }
    assert sorted({name for name in named if re.fullmatch(r"test_\w+", name)} - functions) == []
    ours = r"(functions|instance_scripts|local_cloud|tests|tools)/[\w/.-]+"
    paths = {name for name in named - modules if re.fullmatch(ours, name) and "NAME" not in name}
    assert sorted(name for name in paths if not (ROOT / name).exists()) == []


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
