database_instance_class = "db.r7g.4xlarge"
