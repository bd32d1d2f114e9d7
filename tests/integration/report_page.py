# SPDX-License-Identifier: EUPL-1.2
"""Reads a page that signaalctl report has made, and notes what is wrong with its build."""
import html.parser
import re

VOID = {"meta", "link", "br", "img", "input", "hr"}
SILENT = {"script", "style", "title"}
INLINE = {"strong", "em", "b"}


class Page(html.parser.HTMLParser):
    """Reads a page and notes what is wrong with its build."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.faults, self.open, self.tags, self.text, self.ids, self.levels = [], [], [], [], [], []
        self.tables = {}  # caption -> rows of texts
        self.feed(text)
        self.close()
        if self.open:
            self.faults.append(f"left open: {self.open}")
        for reference in [r for _, a in self.tags for r in a.get("aria-labelledby", "").split()]:
            if self.ids.count(reference) != 1:
                self.faults.append(f"{reference} is there {self.ids.count(reference)} times")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if re.fullmatch("h[1-6]", tag):
            level = int(tag[1])
            if level > (self.levels[-1] if self.levels else 0) + 1:
                self.faults.append(f"{tag} after {self.levels[-1:]}")
            self.levels.append(level)
        if tag == "th" and attributes.get("scope") not in ("row", "col"):
            self.faults.append("th without scope")
        if tag == "svg" and attributes.get("aria-hidden") != "true" and attributes.get("role") != "img":
            self.faults.append("svg that is neither told nor hidden")
        if tag == "table":
            self.caption, self.rows = "", []
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        if "svg" not in self.open:
            self.faults.append(f"<{tag}/>")
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")
        if tag not in INLINE:
            self.text.append(" ")
        if tag == "table":
            if not self.caption:
                self.faults.append("a table without caption")
            self.tables.setdefault(self.caption, self.rows)

    def handle_data(self, data):
        if self.open and self.open[-1] in SILENT and "svg" not in self.open:
            return
        self.text.append(data)
        if "caption" in self.open:
            self.caption += data
        elif ("td" in self.open or "th" in self.open) and "svg" not in self.open:
            self.rows[-1][-1] += data

    def plain(self):
        return re.sub(r"\s+", " ", "".join(self.text).replace("\u202f", " "))

    def row(self, caption, label):
        return next([cell.replace("\u202f", " ") for cell in row] for row in self.tables[caption] if row[0] == label)
