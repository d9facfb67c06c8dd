//! The JNI face of the sink: what `com.starrocks.connector.flink.core.Native` declares, and nothing else.
//!
//! - [`natives`] registers the native methods when the library is loaded. The JVM rejects one that the Java class
//!   does not declare, so a library and a jar that don't belong together fail at once.
//! - [`handles`] keeps the sessions. A `long` on the Java side is a slab index and a generation: a stale one is an
//!   exception, never a wild pointer.
//! - [`memory`] is the one place where memory of the JVM is read and written.
//! - [`failure`] turns errors and panics into the one Java exception.
//!
//! Threads of the sink never attach to the JVM: an attached thread would delay its exit, and could not be ended
//! before its class loader goes. Java polls for what they have to say.

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!("row blocks and handles are laid out for 64-bit little-endian machines");

mod failure;
mod handles;
mod memory;
mod natives;
