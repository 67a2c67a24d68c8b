resource "aws_db_instance" "this" {
  username                    = "payments"
  password                    = "hunter2"
}
