"""The tests that the documents and the Makefile name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", *sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
NAMED = re.compile(r"\b(tests/[\w/.]*\w)(?:::(\w+))?")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_test_that_a_document_names_is_there(document: str) -> None:
    for path, name in NAMED.findall((ROOT / document).read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path
        if name:
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_each_pattern_of_the_quick_tests_finds_some() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (patterns,) = re.findall(r"^QUICK := \$\(addprefix tests/,((?:.*\\\n)*.*)\)$", text, re.M)
    for pattern in patterns.replace("\\\n", " ").split():
        assert list(ROOT.glob(f"tests/{pattern}")), pattern
