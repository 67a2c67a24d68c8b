package half

deny contains "always" if input.bad

deny contains "never" if {
	input.worse
	input.worst
}
