"""The StarRocks sandbox as a process of its own."""

USER = "root"
PASSWORD = "pa55-w0rd-that-no-log-may-show"
