resource "aws_db_instance" "this" {
  username                    = "payments"
  manage_master_user_password = true
}
