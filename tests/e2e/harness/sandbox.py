"""The StarRocks sandbox as a process of its own."""
