"""Whether findings point at the right line: what a message names must stand on the line, or on one next to it."""

import re

# Rule, what its message looks like, and what the line must hold; `{1}` is the first group of the message.
EXPECTED = [
    ("S16", r"is not pinned by \w+: (\S+)$", r"{1}"),
    ("S17", r"step (.*) leaves the token", r"actions/checkout|{1}"),
    ("S17", r"step .* puts an expression into its script", r"run:|script:|\$\{\{"),
    ("C6", r"^(\S+) has no timeout-minutes", r"{1}['\"]?\s*:"),
    ("S5", r'runs "([^"]+)", which', r"{image}"),
    ("S9", r"sets (host\w+)", r"{1}"),
    ("S9", r"opens port (\d+) of the node", r"{1}|[pP]ort"),
    ("S9", r"opens a port on every node", r"NodePort"),
    ("S9", r"mounts files of the node", r"hostPath|name:"),
    ("S1", r"container (\S+) ", r"securityContext|name:|image:|runAs|allowPriv|capab|drop|seccomp|privileged|- \w|{1}|^\s*\{$"),
    ("S2", r"has (runAs\w+) (\d+)", r"{1}|{2}|securityContext"),
    ("C1", r"container (\S+) has no resources", r"resources|limits|requests|name:|image:|- \w|{1}|^\s*\{$"),
    ("C7", r"has the emptyDir (\S+) without", r"{1}|emptyDir|name:"),
    ("S7", r"in the variable (\S+)", r"{1}|name:|valueFrom|secretKeyRef"),
    ("S8", r"grants", r"verbs|resources|apiGroups|nonResourceURLs|roleRef|name:|- "),
    ("S15", r"^the base (\S+) has no digest", r"(?i)FROM"),
    ("S15", r"^ADD ", r"(?i)ADD"),
    ("S15", r"uses sudo", r"(?i)RUN|sudo"),
    ("S15", r"runs as (\S+),", r"(?i)USER"),
    ("S15", r"runs as root", r"(?i)FROM|USER"),
    ("S14", r"the module (\S+) comes from", r"{1}|source"),
    ("S14", r"required_version", r"required_version|terraform"),
    ("S14", r"the provider (\S+) has no upper bound", r"{1}|version"),
    ("C3", r"the provider (\S+) sets no default", r'provider\s+"?{1}'),
    ("O2", r"the alert (\S+) has no", r"alert:\s*['\"]?{1}|annotations|labels|\"alert\""),
    ("R2", r"runs with", r"eplicas|apiVersion|kind|spec|metadata|minReplicas"),
]


def check(repository, report):
    """(findings that could be checked, those whose line doesn't hold what it should)"""
    checked, wrong, texts = 0, [], {}
    for finding in report["findings"]:
        line = finding.get("line")
        path = repository.folder / finding["path"]
        if not line or not path.is_file():
            continue
        for rule, message, expected in EXPECTED:
            found = finding["rule"] == rule and re.search(message, finding["message"])
            if not found:
                continue
            if finding["path"] not in texts:
                texts[finding["path"]] = path.read_bytes().decode("utf-8", "replace").splitlines()
            lines = texts[finding["path"]]
            for number, group in enumerate(found.groups(), 1):
                expected = expected.replace(f"{{{number}}}", re.escape(group))
            if "{image}" in expected:
                # An overlay sets parts of an image on lines of their own.
                parts = [part for part in re.split(r"[:@]", found[1]) if part]
                name = parts[0].rsplit("/", 1)[-1]
                expected = "|".join(re.escape(part) for part in [found[1], name, *parts[1:]]) + "|newTag|newName|image:"
            checked += 1
            near = lines[max(0, line - 2) : line + 1]
            if not any(re.search(expected, text) for text in near):
                wrong.append(f"{finding['path']}:{line}: {finding['rule']} {finding['message']}")
            break
    return checked, wrong
