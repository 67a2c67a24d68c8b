# What the rules of this package share. A Dockerfile is its list of commands, as BuildKit's parser splits them.
package dockerfile

# What can be gone through, and nothing of anything else: a command without arguments has null for its values.
each(value) := value if is_array(value)
