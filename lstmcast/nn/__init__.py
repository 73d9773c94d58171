"""Neural networks in NumPy: arrays in, arrays out."""
