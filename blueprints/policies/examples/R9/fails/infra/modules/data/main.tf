resource "aws_db_instance" "this" {
  engine                  = "postgres"
  storage_encrypted       = true
  deletion_protection     = false
  backup_retention_period = 1
}
