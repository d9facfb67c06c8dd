//! A StarRocks look-alike for tests and the demo.

fn main() {}
