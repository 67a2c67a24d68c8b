package kubernetes_test

test_o1_missing_labels_are_denied if {
	bare := {"kind": "Service", "metadata": {"name": "api", "labels": {"app.kubernetes.io/name": "api", "team": "shop"}}}
	denied(bare, "O1") == {"Service api has no label app.kubernetes.io/part-of, app.kubernetes.io/managed-by"}
	conventions(bare, "O1") == denied(bare, "O1")
	denied({"kind": "Service", "metadata": {"name": "api", "labels": labels}}, "O1") == set()
}

test_o1_other_kinds_need_none if denied({"kind": "Role", "metadata": {"name": "api"}}, "O1") == set()
