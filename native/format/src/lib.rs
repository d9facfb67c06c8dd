//! Writes rows as CSV or JSON the way StarRocks reads them.
