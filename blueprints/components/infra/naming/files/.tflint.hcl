# Every rule of the bundled Terraform rule set, also those that are off by default.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
