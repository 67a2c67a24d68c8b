# The two engines add these up differently: OPA counts in decimals.
package kubernetes

deny contains {"rule": "X1", "msg": sprintf("%s costs %v", [input.metadata.name, 0.1 + 0.2])} if input.kind == "ConfigMap"
