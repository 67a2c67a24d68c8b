run "a" {
  command = plan

  assert {
    condition     = output.a == 2
    error_message = "not two"
  }
}
