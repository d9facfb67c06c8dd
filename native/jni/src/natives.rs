//! The native methods, one function each: arguments in, one call, result out.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use jni::objects::{JByteArray, JByteBuffer, JClass};
use jni::sys::{JNI_ERR, JNI_VERSION_1_8, jint, jlong};
use jni::{Env, JavaVM, NativeMethod, jni_str, native_method};
use starrocks_sink::counters::Counters;
use starrocks_sink::events::Events;
use starrocks_sink::{Code, Config, HttpLoader, Session, SinkError, describe, live};

use crate::failure::{Failure, ThrowSinkException};
use crate::handles::Slab;
use crate::memory::{JavaCells, direct_bytes};

/// The longest a native call may wait, so that a cancelled task is never held up here.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// The sessions of this copy of the library. A class loader that loads the library has a copy of its own.
static SESSIONS: Slab<Session> = Slab::new();

const METHODS: [NativeMethod; 20] = [
    native_method! { static fn abi() -> jint, error_policy = ThrowSinkException },
    native_method! {
        static fn open(config: jbyte[], counters: java.nio.ByteBuffer) -> jlong,
        error_policy = ThrowSinkException,
    },
    native_method! {
        static fn add_table(session: jlong, table: jbyte[]) -> jint, error_policy = ThrowSinkException
    },
    native_method! {
        static fn submit(session: jlong, block: java.nio.ByteBuffer, from: jint, to: jint, wait_ms: jint) -> jint,
        error_policy = ThrowSinkException,
    },
    native_method! { static fn flush(session: jlong), error_policy = ThrowSinkException },
    native_method! {
        static fn restore(session: jlong, piece: jbyte[]), error_policy = ThrowSinkException
    },
    native_method! {
        static fn await_ready(session: jlong, wait_ms: jint) -> jboolean, error_policy = ThrowSinkException
    },
    native_method! {
        static fn is_settled(session: jlong, piece: jbyte[]) -> jboolean, error_policy = ThrowSinkException
    },
    native_method! {
        static fn begin_checkpoint(session: jlong, id: jlong), error_policy = ThrowSinkException
    },
    native_method! {
        static fn await_checkpoint(session: jlong, wait_ms: jint) -> jboolean, error_policy = ThrowSinkException
    },
    native_method! {
        static fn next_state(session: jlong) -> jbyte[], error_policy = ThrowSinkException
    },
    native_method! {
        static fn complete_checkpoint(session: jlong, id: jlong), error_policy = ThrowSinkException
    },
    native_method! { static fn finish(session: jlong), error_policy = ThrowSinkException },
    native_method! {
        name = "await",
        sig = (session: jlong, wait_ms: jint) -> jboolean,
        static = true,
        fn = await_loaded,
        error_policy = ThrowSinkException,
    },
    native_method! {
        static fn drain_events(session: jlong) -> jbyte[], error_policy = ThrowSinkException
    },
    native_method! { static fn check(session: jlong), error_policy = ThrowSinkException },
    native_method! { static fn cancel(session: jlong), error_policy = ThrowSinkException },
    native_method! { static fn close(session: jlong), error_policy = ThrowSinkException },
    native_method! { static fn live(what: jint) -> jlong, fn = count_live, error_policy = ThrowSinkException },
    native_method! {
        static fn read_table(request: jbyte[]) -> jbyte[], error_policy = ThrowSinkException
    },
];

/// Called by the JVM when the library is loaded, on the thread that loads it.
///
/// # Safety
///
/// `vm` must be the JVM's pointer, as the JNI specification says of this function.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JNI_OnLoad(vm: *mut jni::sys::JavaVM, _: *mut c_void) -> jint {
    // SAFETY: the JVM passes a valid pointer to itself.
    let vm = unsafe { JavaVM::from_raw(vm) };
    let registered = vm.attach_current_thread(|env| -> jni::errors::Result<()> {
        let class = env.find_class(jni_str!("com/starrocks/connector/flink/core/Native"))?;
        // SAFETY: `native_method!` has checked each function against the signature it is registered under.
        unsafe { env.register_native_methods(class, &METHODS) }
    });
    // On failure the JVM's own exception (a missing class or method) is pending and reaches the loader.
    if registered.is_ok() { JNI_VERSION_1_8 } else { JNI_ERR }
}

/// Called by the JVM when the class loader of this copy has been collected. Sessions that nobody closed would go on
/// loading rows for a job that is gone.
#[unsafe(no_mangle)]
pub extern "system" fn JNI_OnUnload(_: *mut jni::sys::JavaVM, _: *mut c_void) {
    let orphans = SESSIONS.clear();
    orphans.iter().for_each(|session| session.cancel());
    // Joins their threads: no code of the library may run once it is unmapped.
    drop(orphans);
}

fn abi<'local>(_: &mut Env<'local>, _: JClass<'local>) -> Result<jint, Failure> {
    Ok(starrocks_row::layout::ABI)
}

fn open<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    config: JByteArray<'local>,
    counters: JByteBuffer<'local>,
) -> Result<jlong, Failure> {
    let config = env.convert_byte_array(&config)?;
    let counters = Counters::over(Box::new(JavaCells::hold(env, &counters)?))
        .ok_or_else(|| SinkError::new(Code::Internal, "the counters block is too small"))?;
    let counters = Arc::new(counters);
    let events = Arc::new(Events::default());
    let config = Config::decode(&config)?;
    let loader = HttpLoader::new(config.client.clone(), Arc::clone(&counters), Arc::clone(&events))?;
    let loader = Arc::new(loader);
    let session = Session::open(config, loader, counters, events)?;
    Ok(SESSIONS.insert(session))
}

fn add_table<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    table: JByteArray<'local>,
) -> Result<jint, Failure> {
    let table = env.convert_byte_array(&table)?;
    Ok(SESSIONS.get(session)?.add_table(&table)?.into())
}

fn submit<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    block: JByteBuffer<'local>,
    from: jint,
    to: jint,
    wait_ms: jint,
) -> Result<jint, Failure> {
    let session = SESSIONS.get(session)?;
    let memory = direct_bytes(env, &block)?;
    let span = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    let (from, rows) = span.and_then(|(from, to)| Some((from, memory.get(..to)?))).ok_or_else(|| {
        SinkError::new(
            Code::Block,
            format!("rows from {from} to {to} in a row block of {} bytes", memory.len()),
        )
    })?;
    // A panic half-way through a row leaves a batch nobody should load.
    let guard = FailOnPanic(&session);
    let reached = session.submit(rows, from, memory.len(), wait(wait_ms));
    std::mem::forget(guard);
    Ok(jint::try_from(reached?).expect("a position within a buffer, whose length is an int"))
}

fn flush<'local>(_: &mut Env<'local>, _: JClass<'local>, session: jlong) -> Result<(), Failure> {
    Ok(SESSIONS.get(session)?.flush()?)
}

fn restore<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    piece: JByteArray<'local>,
) -> Result<(), Failure> {
    let piece = env.convert_byte_array(&piece)?;
    Ok(SESSIONS.get(session)?.restore(&piece)?)
}

fn await_ready<'local>(
    _: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    wait_ms: jint,
) -> Result<bool, Failure> {
    Ok(SESSIONS.get(session)?.wait_ready(wait(wait_ms))?)
}

fn is_settled<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    piece: JByteArray<'local>,
) -> Result<bool, Failure> {
    let piece = env.convert_byte_array(&piece)?;
    Ok(SESSIONS.get(session)?.is_settled(&piece)?)
}

fn begin_checkpoint<'local>(
    _: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    id: jlong,
) -> Result<(), Failure> {
    Ok(SESSIONS.get(session)?.begin_checkpoint(checkpoint(id)?)?)
}

fn await_checkpoint<'local>(
    _: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    wait_ms: jint,
) -> Result<bool, Failure> {
    Ok(SESSIONS.get(session)?.wait_checkpoint(wait(wait_ms))?)
}

fn next_state<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
) -> Result<JByteArray<'local>, Failure> {
    match SESSIONS.get(session)?.next_state()? {
        Some(piece) => Ok(env.byte_array_from_slice(&piece)?),
        None => Ok(JByteArray::default()),
    }
}

fn complete_checkpoint<'local>(
    _: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    id: jlong,
) -> Result<(), Failure> {
    Ok(SESSIONS.get(session)?.complete_checkpoint(checkpoint(id)?)?)
}

fn finish<'local>(_: &mut Env<'local>, _: JClass<'local>, session: jlong) -> Result<(), Failure> {
    Ok(SESSIONS.get(session)?.finish()?)
}

fn await_loaded<'local>(
    _: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
    wait_ms: jint,
) -> Result<bool, Failure> {
    Ok(SESSIONS.get(session)?.wait_loaded(wait(wait_ms))?)
}

fn drain_events<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    session: jlong,
) -> Result<JByteArray<'local>, Failure> {
    match SESSIONS.get(session)?.drain_events() {
        Some(events) => Ok(env.byte_array_from_slice(&events)?),
        None => Ok(JByteArray::default()),
    }
}

fn check<'local>(_: &mut Env<'local>, _: JClass<'local>, session: jlong) -> Result<(), Failure> {
    Ok(SESSIONS.get(session)?.check()?)
}

fn cancel<'local>(_: &mut Env<'local>, _: JClass<'local>, session: jlong) -> Result<(), Failure> {
    SESSIONS.get(session)?.cancel();
    Ok(())
}

fn close<'local>(_: &mut Env<'local>, _: JClass<'local>, session: jlong) -> Result<(), Failure> {
    let session = SESSIONS.remove(session)?;
    session.cancel();
    // The last reference joins the threads. Another one can only be in a call on another thread, which the
    // cancellation ends.
    drop(session);
    Ok(())
}

fn count_live<'local>(_: &mut Env<'local>, _: JClass<'local>, what: jint) -> Result<jlong, Failure> {
    match what {
        0 => Ok(live::sessions()),
        1 => Ok(live::threads()),
        2 => Ok(live::bytes()),
        _ => Err(SinkError::new(Code::Internal, format!("there is no live count {what}")).into()),
    }
}

fn read_table<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    request: JByteArray<'local>,
) -> Result<JByteArray<'local>, Failure> {
    let request = env.convert_byte_array(&request)?;
    let reply = describe::read_table(&request)?;
    Ok(env.byte_array_from_slice(&reply)?)
}

fn checkpoint(id: jlong) -> Result<u64, Failure> {
    u64::try_from(id).map_err(|_| SinkError::new(Code::Internal, format!("{id} is no checkpoint")).into())
}

fn wait(ms: jint) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(LONGEST_WAIT)
}

/// Fails the session when it is dropped, which only an unwinding panic does.
struct FailOnPanic<'a>(&'a Session);

impl Drop for FailOnPanic<'_> {
    fn drop(&mut self) {
        self.0.fail(SinkError::new(Code::Internal, "the sink met a fault of its own and can't go on"));
    }
}
