resource "aws_db_instance" "this" {
  engine                  = "postgres"
  storage_encrypted       = true
  deletion_protection     = true
  backup_retention_period = 14
}
