"""What every picture is made of: shapes, scales, axes, colours; a terminal and a browser show the same ones."""
