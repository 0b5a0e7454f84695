//! Calls into libtorch's C++ that `tch` does not wrap. All `unsafe` of this engine is here.
#![expect(unsafe_code, reason = "calls C++, and says of libtorch's tensors what `tch` leaves unsaid")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;

use ::tch::{Device, Kind, Tensor};

use super::done;
use super::failure::explain;
use super::optim::Step;
use crate::mapped::Mapped;

/// A tensor with shared ownership; cheap to clone.
#[derive(Clone)]
pub(super) struct Shared(Arc<Handle>);

struct Handle(Tensor);

// SAFETY: libtorch counts references atomically, and its own autograd reads one tensor from many
// threads. We write in place only in `adamw`, on tensors that `is_alone` found to have one owner, and in
// `head_cross_entropy`, on gradients that no other tensor shares.
unsafe impl Sync for Handle {}

impl Shared {
    pub(super) fn new(tensor: Tensor) -> Shared {
        Shared(Arc::new(Handle(tensor)))
    }

    pub(super) fn get(&self) -> &Tensor {
        &self.0.0
    }

    /// Returns whether this tensor is the only owner of its numbers.
    pub(super) fn is_alone(&self) -> bool {
        // SAFETY: the pointer is to a live tensor.
        Arc::strong_count(&self.0) == 1 && unsafe { boldface_storage_owners(pointer(self.get())) } == 1
    }
}

unsafe extern "C" {
    fn boldface_storage_owners(tensor: *const c_void) -> usize;
    fn boldface_scale_gradient(tensor: *const c_void, by: f64, error: *mut *mut c_char) -> *mut c_void;
    fn boldface_adamw(
        tensors: *const *const c_void,
        count: usize,
        step: *const c_void,
        numbers: *const f64,
        error: *mut *mut c_char,
    );
    fn boldface_allow_tf32(allowed: bool, error: *mut *mut c_char);
    fn boldface_free(text: *mut c_char);
    fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    fn dlerror() -> *const c_char;
}

fn pointer(tensor: &Tensor) -> *const c_void {
    tensor.as_ptr().cast()
}

/// Calls C++ that may fail; panics with its message.
#[track_caller]
fn checked<T>(call: impl FnOnce(*mut *mut c_char) -> T) -> T {
    let mut error = std::ptr::null_mut();
    let result = call(&mut error);
    if error.is_null() {
        return result;
    }
    // SAFETY: the shim returns a C string that it allocated once, and we free it once.
    let message = unsafe {
        let message = CStr::from_ptr(error).to_string_lossy().into_owned();
        boldface_free(error);
        message
    };
    panic!("{}", explain(&message));
}

/// Returns the same numbers; the backward pass multiplies their gradient by `by`.
pub(super) fn scale_gradient(tensor: &Tensor, by: f64) -> Tensor {
    // SAFETY: the pointer is to a live tensor, and the shim returns a new one that we own.
    let alias = checked(|error| unsafe { boldface_scale_gradient(pointer(tensor), by, error) });
    // SAFETY: as above.
    unsafe { Tensor::from_ptr(alias.cast()) }
}

/// Runs one AdamW step on parameters, gradients, first and second moments.
///
/// A parameter shrinks by the decay times the learning rate.
pub(super) fn adamw(columns: [Vec<&Tensor>; 4], number: &Tensor, step: Step, decay: f32) {
    let count = columns[0].len();
    let pointers: Vec<*const c_void> = columns.iter().flatten().map(|tensor| pointer(tensor)).collect();
    assert_eq!(pointers.len(), 4 * count, "four tensors a parameter");
    let (beta1, beta2) = step.betas;
    let numbers = [step.lr, beta1.into(), beta2.into(), decay.into(), step.eps.into()];
    // SAFETY: four columns of `count` pointers to live tensors, and five numbers. Tensors that are
    // written in place have one owner; see `ParameterBatch::push`.
    checked(|error| unsafe {
        boldface_adamw(pointers.as_ptr(), count, pointer(number), numbers.as_ptr(), error);
    });
}

/// Views numbers of a file as a tensor on the CPU, without a copy.
pub(super) fn view_of_file(file: &Mapped, numbers: &[f32], sizes: &[i64]) -> Tensor {
    // libtorch's views do not report when the last of them is dropped, so the map stays until the
    // process ends. Its memory is the file's, not ours.
    std::mem::forget(file.clone());
    // SAFETY: the numbers are those of the map, which stays, and as many as the sizes need. Nothing
    // writes to them: trained parameters are copies (`TchTensor::as_leaf`).
    done(unsafe { Tensor::f_from_blob(numbers.as_ptr().cast(), sizes, &[], Kind::Float, Device::Cpu) })
}

/// Opens libtorch's CUDA part if the machine has an NVIDIA driver, and returns whether it has one.
///
/// Programs link only the CPU part, so that one program serves both.
///
/// # Errors
///
/// The reason why the CUDA part could not be opened.
pub(super) fn open_cuda() -> Result<bool, String> {
    const NOW_AND_GLOBAL: c_int = 0x102;
    if !std::path::Path::new("/dev/nvidiactl").exists() {
        return Ok(false);
    }
    // SAFETY: the library is libtorch's own, found beside the one that is loaded, and registers itself.
    // If that fails, `dlerror` returns a text that is valid until this thread's next such call.
    unsafe {
        if !dlopen(c"libtorch_cuda.so".as_ptr(), NOW_AND_GLOBAL).is_null() {
            return Ok(true);
        }
        let why = dlerror();
        if why.is_null() {
            return Err("the system gives no reason".to_owned());
        }
        Err(CStr::from_ptr(why).to_string_lossy().into_owned())
    }
}

/// Sets whether f32 products may be TensorFloat-32, for the whole process.
pub(super) fn allow_tf32(allowed: bool) {
    // SAFETY: the call sets a flag.
    checked(|error| unsafe { boldface_allow_tf32(allowed, error) });
}
