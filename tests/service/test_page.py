"""The service's own page: our name, what to ask, and nothing loaded from anywhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from html import unescape
from html.parser import HTMLParser

import pytest

from tests.service.running import Running
from titanic_batch import __version__
from titanic_batch.serving.page import page

#: What a browser fetches by itself.
LOADING_TAGS = {"script", "link", "img", "iframe", "object", "embed", "audio", "video", "source"}


class Found(HTMLParser):
    """The tags of a page, and where its attributes lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_says_what_answers_and_how_to_ask(service: Running) -> None:
    answer = service.get("/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    found = Found(answer.text)
    assert f"titanic-batch {__version__}" in found.text
    model = service.get("/docs.json").json
    assert "/predict_batch" in model["paths"]
    assert "POST /predict_batch" in found.text
    (command,) = re.findall(r"<pre>(.*?)</pre>", answer.text, re.DOTALL)
    done = subprocess.run(
        shlex.split(unescape(command)), capture_output=True, text=True, check=True
    )
    assert '"survived"' in done.stdout
    tag = re.search(r"titanic_model:\w+", done.stdout)
    assert tag is not None
    assert tag[0] in found.text


def test_the_page_loads_nothing(service: Running) -> None:
    answer = service.get("/")
    found = Found(answer.text)
    assert not found.tags & LOADING_TAGS
    assert "//" not in answer.text.lower().replace("<!doctype html>", "")
    assert not re.search(r"@import|url\(|\son\w+=", answer.text)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    for link in found.links:
        linked = service.get(f"/{link}")
        assert linked.status == 200
        assert "html" not in linked.headers["content-type"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "//", "/?x=1", "/index.html", "/docs", "/docs.html", "/static_content/"),
        *("/static_content/swagger-initializer.js", "/static_content/swagger-ui-bundle.js"),
        *("/assets/bentoml-ui.umd.js", "/docs.json", "/schema.json", "/metrics", "/nowhere"),
    ],
)
def test_no_answer_lets_a_browser_load_anything(service: Running, path: str) -> None:
    answer = service.get(path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "googletagmanager" not in answer.text
    assert "<script" not in answer.text
    if path.startswith(("/static_content", "/assets")):
        assert answer.status == 404


def test_a_head_of_the_page_has_no_body(service: Running) -> None:
    head, whole = service.ask("HEAD", "/", None, {}), service.get("/")
    assert (head.status, head.text) == (200, "")
    assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize("host", ["x<script>", "a b", "$(id)", "", "evil'\"", "a/b", "http://x"])
def test_a_host_that_is_none_gets_into_no_command(host: str) -> None:
    text = page("m:v1", "1", {"it's": "</pre><script>"}, host=host)
    assert "curl -s localhost:3000/predict" in text
    assert "script" not in Found(text).tags
    (command,) = re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL)
    assert shlex.split(unescape(command))[-1] == '{"it\'s": "</pre><script>"}'


def test_the_browsers_own_address_is_in_the_command() -> None:
    for host in ("127.0.0.1:3000", "scores.example.org", "[::1]:3000"):
        assert f"curl -s {host}/predict" in page("m:v1", "1", {}, host=host)
