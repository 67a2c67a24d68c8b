"""Where admission says something else than the Rego rule, and why. docs/guardrails.md tells its readers the same.

An entry that no longer holds is a finding, like a difference that has no entry.
"""

import dataclasses

from admission.corpus import LABELS


@dataclasses.dataclass(frozen=True)
class Difference:
    """For these changes of these kinds (all of them where none is named), the forms accept or refuse on their own."""

    rule: str
    refuses: bool
    changes: frozenset
    reason: str
    kinds: frozenset = frozenset()
    forms: frozenset = frozenset(("vap", "kyverno", "gatekeeper"))

    def covers(self, form, sample):
        kinds = not self.kinds or sample.kind in self.kinds
        return kinds and form in self.forms and sample.change in self.changes


def _also_init(*changes):
    return frozenset((*changes, *(f"{change}-init" for change in changes)))


ALL = (
    Difference(
        "S5",
        True,
        _also_init("other-registry", "like-registry", "local-registry"),
        "admission knows the registry of the service's images, the rule only that there has to be one",
    ),
    Difference(
        "S5",
        True,
        _also_init("unreleased"),
        "the tag of a new repository stands for an image that does not exist, so there is nothing to let in",
    ),
    Difference(
        "O1",
        False,
        frozenset({f"no-{label.rsplit('/')[-1]}" for label in LABELS} | {"no-labels", "empty-team"}),
        "controllers make these objects in every namespace, and cannot be asked for labels",
        kinds=frozenset(("ConfigMap", "PersistentVolumeClaim")),
    ),
    Difference(
        "S4",
        False,
        frozenset(("default",)),
        "the cluster makes this account in every namespace; no pod may run under it",
        kinds=frozenset(("ServiceAccount",)),
    ),
    Difference(
        "C1",
        False,
        _also_init("no-requests", "no-cpu-request", "no-memory-request"),
        "the API server fills in what a pod requests from its limits before it asks",
        kinds=frozenset(("Pod",)),
        forms=frozenset(("vap",)),
    ),
    Difference(
        "O1",
        False,
        frozenset(("no-labels",)),
        "the API server gives them the labels of their pods before it asks",
        kinds=frozenset(("Job", "ReplicationController")),
        forms=frozenset(("vap",)),
    ),
    Difference(
        "S6",
        False,
        frozenset(("types-unsaid",)),
        "the API server fills in the policyTypes before it asks",
        forms=frozenset(("vap",)),
    ),
)
