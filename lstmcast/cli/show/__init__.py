"""What people see: choices, verdicts, tables, charts."""
