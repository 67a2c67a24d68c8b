package silent

value := 1
