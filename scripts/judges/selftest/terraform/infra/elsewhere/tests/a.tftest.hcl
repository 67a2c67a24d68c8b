run "a" {
  module {
    source = "./tests/other"
  }

  assert {
    condition     = output.a == 1
    error_message = "not one"
  }
}
