output "a" {
  value = local.missing
}
