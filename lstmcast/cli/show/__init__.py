"""The sights that people see: choices, verdicts, tables, charts."""
