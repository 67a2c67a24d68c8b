"""The judge that compares what goldpath finds with what conftest finds."""

import pathlib
import threading

import content
import parity
import places
from engine import Judge

FOREIGN = places.ROOT / "tests" / "fixtures" / "foreign"
LIBRARY = places.ROOT / "blueprints" / "policies"

_building = threading.Lock()
_built = []


def _goldpath():
    """Our side, built once a run."""
    with _building:
        if not _built:
            _built.append(parity.Goldpath(parity.build()))
    return _built[0]


class Parity(Judge):
    name = "parity"
    about = "goldpath's own guardrails find what conftest finds: as emitted, with faults put in, in foreign files"
    tools = ("conftest", "kubectl", "helm")
    weight = 8
    whole_project = True

    def items(self, case):
        if case.tree == places.ROOT:
            found = {str(path.relative_to(places.ROOT)): content.of_tree(path) for path in FOREIGN.iterdir()}
            return {f"{name}/": digest for name, digest in found.items()}
        names = case.all_files()
        found = {"as emitted": case.digest(*names)}
        for fault in parity.FAULTS:
            # The hash doesn't depend on the case: a fault is put into the first one that it fits.
            if next(fault.change(case.tree), None):
                found[fault.name] = content.of("fault", fault.name)
        return found

    def judge(self, case, items, bench):
        conftest = parity.Conftest(*(bench.tools[name] for name in self.tools), bench.tools.environment())
        faults = {fault.name: fault for fault in parity.FAULTS}
        findings = []
        for item in items:
            folder, policies = (places.ROOT / item, LIBRARY) if item.endswith("/") else (case.tree, case.tree / "policy/rego")
            told = []
            try:
                if item in faults:
                    told = parity.compare_broken(_goldpath(), conftest, folder, policies, faults[item]) or []
                else:
                    told, agreed, _ = parity.compare(_goldpath(), conftest, folder, policies)
                    if item.endswith("/") and not agreed and not told:
                        told = ["nothing is found there: it compares nothing"]
            except parity.Broken as error:
                told = [str(error)]
            if item == "as emitted" and case.name != "selftest":
                told += self._copied(policies)
            findings += [f"[{case.name}] {item}: {line}" for line in told]
        return findings

    @staticmethod
    def _copied(policies):
        """The policies of an emitted repository are those of the library, byte for byte."""
        for folder in (policies, LIBRARY):
            if not folder.is_dir():
                return [f"there is no {folder}"]
        theirs, ours = (
            {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(pathlib.Path(root).rglob("*.rego"))}
            for root in (policies, LIBRARY)
        )
        return [f"policy/rego/{name} is not that of blueprints/policies" for name, text in ours.items() if theirs.get(name) != text]
