//! Memory of the JVM: direct buffers that Java owns.

use std::sync::atomic::AtomicI64;

use jni::Env;
use jni::objects::JByteBuffer;
use jni::refs::Global;
use starrocks_sink::counters::CELLS;
use starrocks_sink::{Code, SinkError};

use crate::failure::Failure;

/// The bytes of a direct buffer, from its start to its capacity.
///
/// The slice must not outlive the native call: `'call` is tied to the reference that the call received.
pub fn direct_bytes<'call>(env: &Env<'_>, buffer: &'call JByteBuffer<'_>) -> Result<&'call [u8], Failure> {
    let (address, capacity) = direct(env, buffer)?;
    // SAFETY: the JVM says that `capacity` bytes from `address` on belong to this buffer, and the caller's local
    // reference keeps it alive. Direct memory is zeroed when it is allocated, so every byte is initialized. No
    // Java thread writes while the call runs: the buffer belongs to the `NativeSession` that makes it, and its
    // owner, one thread, is inside this call.
    Ok(unsafe { std::slice::from_raw_parts(address, capacity) })
}

/// The counters block: cells in a direct buffer that Java reads while the sink's threads write.
pub struct JavaCells {
    /// Keeps the buffer's memory alive. Dropped on the thread that closes the session, which is a Java thread.
    _buffer: Global<JByteBuffer<'static>>,
    cells: &'static [AtomicI64],
}

impl JavaCells {
    /// Takes hold of a direct buffer with at least [`CELLS`] longs.
    pub fn hold(env: &Env<'_>, buffer: &JByteBuffer<'_>) -> Result<Self, Failure> {
        let (address, capacity) = direct(env, buffer)?;
        if capacity < CELLS * size_of::<AtomicI64>() || !address.cast::<AtomicI64>().is_aligned() {
            return Err(SinkError::new(
                Code::Internal,
                format!("the counters block must hold {CELLS} longs, aligned; it has {capacity} bytes"),
            )
            .into());
        }
        let held = env.new_global_ref(buffer)?;
        // SAFETY: length and alignment are checked above; the memory stays valid for as long as the global
        // reference does, and that lives in the same value, so the slice can't be reached after it. All access
        // from here on is atomic; Java reads aligned longs, which are atomic on 64-bit machines.
        let cells = unsafe { std::slice::from_raw_parts(address.cast::<AtomicI64>(), CELLS) };
        Ok(Self { _buffer: held, cells })
    }
}

impl AsRef<[AtomicI64]> for JavaCells {
    fn as_ref(&self) -> &[AtomicI64] {
        self.cells
    }
}

fn direct(env: &Env<'_>, buffer: &JByteBuffer<'_>) -> Result<(*mut u8, usize), Failure> {
    Ok((env.get_direct_buffer_address(buffer)?, env.get_direct_buffer_capacity(buffer)?))
}
