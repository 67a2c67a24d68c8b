package bad_test

import data.bad
import rego.v1

test_wrong if {
	count(bad.deny) == 0
}
