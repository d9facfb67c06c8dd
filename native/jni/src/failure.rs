//! Errors and panics become one Java exception.

use std::any::Any;

use jni::errors::ErrorPolicy;
use jni::objects::{JObject, JString, JThrowable, JValue};
use jni::{Env, jni_sig, jni_str};
use starrocks_sink::{Code, SinkError, panicked};

/// Why a native method can't return a value.
#[derive(Debug)]
pub enum Failure {
    /// The sink says so.
    Sink(SinkError),
    /// A call into the JVM failed; a Java exception may be pending.
    Jni(jni::errors::Error),
}

impl From<SinkError> for Failure {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

impl From<jni::errors::Error> for Failure {
    fn from(error: jni::errors::Error) -> Self {
        Self::Jni(error)
    }
}

/// Throws `StarRocksNativeException` and returns the type's default value, which Java never sees.
#[derive(Debug)]
pub struct ThrowSinkException;

impl<T: Default> ErrorPolicy<T, Failure> for ThrowSinkException {
    type Captures<'local: 'method, 'method> = ();

    fn on_error<'local: 'method, 'method>(
        env: &mut Env<'local>,
        _: &mut (),
        failure: Failure,
    ) -> jni::errors::Result<T> {
        match failure {
            Failure::Sink(error) => throw(env, &error),
            // The JVM's own exception says more than ours could.
            Failure::Jni(_) if env.exception_check() => Ok(T::default()),
            Failure::Jni(error) => {
                throw(env, &SinkError::new(Code::Internal, format!("a call into the JVM failed: {error}")))
            }
        }
    }

    fn on_panic<'local: 'method, 'method>(
        env: &mut Env<'local>,
        _: &mut (),
        payload: Box<dyn Any + Send + 'static>,
    ) -> jni::errors::Result<T> {
        throw(env, &panicked(&*payload))
    }
}

/// Throws the exception. Its class is looked up here, in the class loader of the method being called: a reference
/// kept for later would keep that class loader alive.
fn throw<T: Default>(env: &mut Env<'_>, error: &SinkError) -> jni::errors::Result<T> {
    let class = env.find_class(jni_str!("com/starrocks/connector/flink/core/StarRocksNativeException"))?;
    let message = env.new_string(&error.message)?;
    let label = match &error.label {
        Some(label) => env.new_string(label)?,
        None => JString::default(),
    };
    let exception: JObject<'_> = env.new_object(
        class,
        jni_sig!("(IZILjava/lang/String;Ljava/lang/String;)V"),
        &[
            JValue::Int(error.code as i32),
            JValue::Bool(error.retriable),
            JValue::Int(error.http_status.map_or(-1, i32::from)),
            JValue::Object(&label),
            JValue::Object(&message),
        ],
    )?;
    let exception = env.cast_local::<JThrowable>(exception)?;
    match env.throw(exception) {
        Ok(()) | Err(jni::errors::Error::JavaException) => Ok(T::default()),
        Err(other) => Err(other),
    }
}
