"""Read a page as a browser does: its elements, its text, what it would load."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

#: Elements that a page of ours has; whatever else stands there came from elsewhere.
_OURS = frozenset((
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "h1",
    "h2", "p", "ul", "li", "b", "strong", "i", "span", "div", "code", "table", "caption", "thead",
    "tbody", "tr", "th", "td", "details", "summary", "dl", "dt", "dd", "svg", "g", "rect", "line",
    "text", "path",
))  # fmt: skip
_VOID = frozenset({"meta"})
_LOADS = ("src", "href", "srcset", "data", "action", "poster", "xlink:href", "background")


class Page(HTMLParser):
    """A page, read to its end; it fails on what a page of ours cannot hold.

    Args:
        text: The HTML.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[str] = Counter()
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _OURS, tag
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name not in _LOADS, name
            assert name != "style" or value is None, value
        self.elements[tag] += 1
        if tag not in _VOID and self.get_starttag_text()[-2:] != "/>":  # type: ignore[index]
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, tag
        assert self._open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)
