"""What was accepted before, kept in the warehouse: tables, diff, plan, lease; knows rows, not who receives them."""
