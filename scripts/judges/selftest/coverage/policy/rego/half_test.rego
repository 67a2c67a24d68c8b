package half_test

import data.half

test_bad if half.deny == {"always"} with input as {"bad": true}
