//! Stream load client: labels, redirects, replies, retries, and table metadata over the MySQL protocol.
