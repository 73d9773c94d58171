"""Text becomes columns of cells: dialect, reader, parquet, roles."""
