# What the rules about Terraform share.
package repo

# The blocks under a name: a list, but in Terraform's JSON syntax a single one stands without it.
bodies(value) := value if is_array(value)

bodies(value) := [value] if is_object(value)
