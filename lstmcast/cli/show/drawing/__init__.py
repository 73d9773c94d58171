"""The makings of every picture: shapes, scales, axes, colours; terminal and browser show the same ones."""
