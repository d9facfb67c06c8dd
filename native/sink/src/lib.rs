//! One sink session: batches, sealing, the memory bound, flusher threads, counters.
