//! The JNI face of the sink.
