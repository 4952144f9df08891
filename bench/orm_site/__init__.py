"""What the benchmark compares with: admissions as a plain Django project would do them."""
