"""The destinations that rows can go to, and what each must provide."""
