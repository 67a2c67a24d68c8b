"""Judges of text, both our own: links that lead somewhere, and suppressions that say why."""

import datetime
import os
import re

import content
import places
from engine import Judge

FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"(`+)[^`\n]+\1")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'(][^)]*)?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)", re.MULTILINE)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
ANCHOR = re.compile(r"<a\s+(?:id|name)=[\"']([^\"']+)", re.IGNORECASE)


def blank(match):
    """The same number of characters and lines, without anything to find."""
    return re.sub(r"[^\n]", " ", match.group(0))


def slug(heading):
    """A heading's anchor, as GitHub and GitLab make it."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[`*]|<[^>]+>", "", text)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def anchors(text):
    found, seen = set(ANCHOR.findall(text)), {}
    for heading in HEADING.findall(FENCE.sub(blank, text)):
        name = slug(heading)
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def line_of(text, at):
    return text.count("\n", 0, at) + 1


class Links(Judge):
    name = "links"
    about = "Markdown's links and addresses of the repository's own files lead to a file and a heading (our own)"
    whole_project = True

    def items(self, case):
        code = (places.HERE / "judges" / "texts.py").read_bytes()
        return {"links": content.of(code, case.digest(*case.all_files()))} if case.files("*.md") else {}

    def judge(self, case, items, bench):
        findings = []
        for name in case.all_files():
            path = case.tree / name
            if path.stat().st_size > 2_000_000:
                continue
            text = case.text(name)
            if name.endswith(".md"):
                plain = INLINE_CODE.sub(blank, FENCE.sub(blank, text))
                for match in (*LINK.finditer(plain), *REFERENCE.finditer(plain)):
                    target = match.group(1)
                    if not re.match(r"[a-z][a-z0-9+.-]*:", target):
                        base = "" if target.startswith("/") else os.path.dirname(name)
                        self._check(case, name, line_of(text, match.start()), base, target, name, findings)
            for match in self._own_addresses(case, text):
                self._check(case, name, line_of(text, match.start()), "", match.group(1), name, findings)
        return findings

    def _own_addresses(self, case, text):
        """Addresses of files of this very repository, in any kind of file: alerts name their runbooks so."""
        if not {"org", "name"} <= case.answers.keys():
            return ()
        repository = rf"https://[a-z.]+/{re.escape(case.answers['org'])}/{re.escape(case.answers['name'])}"
        return re.finditer(repository + r"/(?:-/)?(?:blob|tree)/main/([\w./#-]*[\w/#-])", text)

    def _check(self, case, name, line, base, target, source, findings):
        target, _, anchor = target.partition("#")
        place = os.path.normpath(os.path.join(base, target.lstrip("/") if target.startswith("/") else target))
        if not target:
            place = source
        known = case.all_files()
        if place != "." and place not in known and not any(other.startswith(place + "/") for other in known):
            findings.append(f"[{case.name}] {name}:{line}: leads to {place}, which isn't in the repository")
        elif anchor and place.endswith(".md") and anchor not in anchors(case.text(place)):
            findings.append(f"[{case.name}] {name}:{line}: {place} has no heading for #{anchor}")


# Comments that switch a finding off.
MARKER = re.compile(
    r"checkov:skip|tfsec:ignore|trivy:ignore|hadolint\s+(?:global\s+)?ignore=|shellcheck\s+disable=|zizmor:\s*ignore|"
    r"yamllint\s+disable|tflint-ignore|gitleaks:allow|kube-score/ignore|ignore-check\.kube-linter|\bnolint\b|#\s*nosec|"
    r"#\s*noqa|#\s*type:\s*ignore|pylint:\s*disable|pragma:\s*no cover|eslint-disable|@ts-ignore|#\[allow\(|"
    r"#\s*regal\s+ignore|markdownlint-disable|skip-check:\s*CK"
)
# Settings whose list items switch findings off: file name, the setting.
LISTS = (
    (r"\.checkov\.ya?ml$", r"skip-check"),
    (r"\.hadolint\.ya?ml$", r"ignored"),
    (r"\.trivyignore\.ya?ml$", r"misconfigurations|secrets|vulnerabilities"),
    (r"\.kube-linter\.ya?ml$", r"exclude"),
    (r"\.golangci\.ya?ml$", r"disable|rules|paths"),
    (r"\.yamllint\.ya?ml$", r"ignore"),
    (r"zizmor\.yml$", r"ignore"),
    (r"pyproject\.toml$|ruff\.toml$", r"ignore|extend-ignore|disable_error_code"),
)
EXPIRES = re.compile(r"\bexpires?\b\W{0,3}(?:on\s+)?(\d{4}-\d\d-\d\d)", re.IGNORECASE)
OWNER = re.compile(r"\bowner\b\W{1,3}[\w@/-]+", re.IGNORECASE)
COMMENT = re.compile(r"^\s*(?:#|//|--|<!--|;|\*)")
REACH = 12  # lines
LONGEST = datetime.timedelta(days=372)


def flaws(comment, today):
    """What a suppression's comment lacks."""
    lacks = []
    expires = EXPIRES.search(comment)
    rest = OWNER.sub("", EXPIRES.sub("", MARKER.sub("", comment)))
    if len(re.findall(r"[A-Za-z]{2,}", rest)) < 4:
        lacks.append("a reason")
    if not OWNER.search(comment):
        lacks.append("an owner")
    if not expires:
        lacks.append("a date at which it expires")
    else:
        try:
            date = datetime.date.fromisoformat(expires.group(1))
        except ValueError:
            return [*lacks, "a real date at which it expires"]
        if date < today:
            lacks.append(f"a date that isn't past: it expired on {date}")
        elif date > today + LONGEST:
            lacks.append(f"a date within a year: {date}")
    return lacks


class Suppressions(Judge):
    name = "suppressions"
    about = "whatever switches a finding off says why, who answers for it and until when (our own)"
    skipped = (".md", ".lock", ".sum", ".svg", ".png")

    def items(self, case):
        code = (places.HERE / "judges" / "texts.py").read_bytes()
        today = datetime.date.today().isoformat()
        return {
            name: content.of(code, today, name, case.digest(name))
            for name in case.all_files()
            if not name.endswith(self.skipped)
        }

    def judge(self, case, items, bench):
        findings = []
        for name in items:
            if (case.tree / name).stat().st_size < 2_000_000:
                lines = case.text(name).splitlines()
                for at in sorted({*self._marked(lines), *self._listed(name, lines)}):
                    lacks = flaws(self._comment(lines, at), datetime.date.today())
                    if lacks:
                        findings.append(f"[{case.name}] {name}:{at + 1}: a suppression without {', '.join(lacks)}")
        return findings

    def _marked(self, lines):
        return [at for at, line in enumerate(lines) if MARKER.search(line)]

    def _listed(self, name, lines):
        """The items of settings that switch findings off."""
        for file, setting in LISTS:
            if not re.search(file, name):
                continue
            start = re.compile(rf"^(\s*)-?\s*(?:{setting})\s*[:=]\s*(.*)$")
            for at, line in enumerate(lines):
                match = start.match(line)
                if not match:
                    continue
                value = match.group(2).split("#")[0].strip()
                if value and value not in ("[", "[]", "|", "{}"):
                    yield at
                if value not in ("", "[", "|"):
                    continue
                for below in range(at + 1, len(lines)):
                    text = lines[below].strip()
                    indent = len(lines[below]) - len(lines[below].lstrip())
                    if text.startswith(("]", "[")) or (text and indent < len(match.group(1))):
                        break
                    if text and indent == len(match.group(1)) and not text.startswith(("-", "#")):
                        break
                    if text.startswith(("- ", '"', "'")):
                        yield below

    def _comment(self, lines, at):
        """The line itself and the comment above it: right above, or above the YAML item or block that it is in."""
        taken, left = [lines[at]], at
        if not COMMENT.match(lines[at]):
            for above in range(at - 1, max(at - REACH, -1), -1):
                if not lines[above].strip():
                    return lines[at]
                left = above + 1
                if COMMENT.match(lines[above]):
                    break
            else:
                return lines[at]
        for above in range(left - 1, max(left - REACH, -1), -1):
            if not COMMENT.match(lines[above]):
                break
            taken.insert(0, lines[above])
        return "\n".join(taken)
