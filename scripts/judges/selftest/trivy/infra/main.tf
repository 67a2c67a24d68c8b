resource "aws_security_group" "bad" {
  name        = "bad"
  description = "Open"

  ingress {
    description = "All"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
