"""Documents written from code are as the code is."""

import re
import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT, name_of

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def test_generated_documents_are_fresh() -> None:
    """Write them anew with: .venv/bin/cog -r -I . README.md docs/*.md"""
    cog = Path(sys.executable).with_name("cog")
    done = subprocess.run([cog, "--check", "-I", ".", *DOCS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{name_of(document)}: {target}"
        for document in DOCS
        for target in LINK.findall(document.read_text("utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_every_document_is_in_the_index() -> None:
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text("utf-8")
    named = {document.relative_to(docs).parts[0] for document in DOCS if docs in document.parents}
    assert {name for name in named - {"README.md"} if name not in index} == set()
