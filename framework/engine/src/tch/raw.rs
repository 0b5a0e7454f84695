//! Where Rust meets libtorch's C++ beyond what `tch` wraps; the engine's only other `unsafe` is the embedded
//! engine's.
#![expect(unsafe_code, reason = "calls C++, and says of libtorch's tensors what `tch` leaves unsaid")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;

use ::tch::{Device, Kind, Tensor};

use super::done;
use super::failure::explain;
use super::optim::Step;
use crate::mapped::Mapped;

/// A tensor that many own; cheap to clone.
#[derive(Clone)]
pub(super) struct Shared(Arc<Handle>);

struct Handle(Tensor);

// SAFETY: libtorch counts references atomically, and reading one tensor from many threads is what its own
// autograd does. We write in place only through `adamw`, on tensors that `is_alone` found to have one owner.
unsafe impl Sync for Handle {}

impl Shared {
    pub(super) fn new(tensor: Tensor) -> Shared {
        Shared(Arc::new(Handle(tensor)))
    }

    pub(super) fn get(&self) -> &Tensor {
        &self.0.0
    }

    /// Whether nobody else can see the numbers of this tensor change.
    pub(super) fn is_alone(&self) -> bool {
        // SAFETY: the pointer is that of a live tensor.
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

/// Calls C++ that may fail.
#[track_caller]
fn checked<T>(call: impl FnOnce(*mut *mut c_char) -> T) -> T {
    let mut error = std::ptr::null_mut();
    let result = call(&mut error);
    if error.is_null() {
        return result;
    }
    // SAFETY: the shim gives a C string that it allocated, once, and we free it once.
    let message = unsafe {
        let message = CStr::from_ptr(error).to_string_lossy().into_owned();
        boldface_free(error);
        message
    };
    panic!("{}", explain(&message));
}

/// The same numbers; the gradient is multiplied by `by`.
pub(super) fn scale_gradient(tensor: &Tensor, by: f64) -> Tensor {
    // SAFETY: the pointer is that of a live tensor, and the shim gives a new one that we own.
    let alias = checked(|error| unsafe { boldface_scale_gradient(pointer(tensor), by, error) });
    // SAFETY: as above.
    unsafe { Tensor::from_ptr(alias.cast()) }
}

/// One step of AdamW on parameters, gradients, first and second moments; the decay times the learning rate is
/// what a parameter shrinks by.
pub(super) fn adamw(columns: [Vec<&Tensor>; 4], number: &Tensor, step: Step, decay: f32) {
    let count = columns[0].len();
    let pointers: Vec<*const c_void> = columns.iter().flatten().map(|tensor| pointer(tensor)).collect();
    assert_eq!(pointers.len(), 4 * count, "four tensors a parameter");
    let (beta1, beta2) = step.betas;
    let numbers = [step.lr, beta1.into(), beta2.into(), decay.into(), step.eps.into()];
    // SAFETY: four columns of `count` pointers to live tensors, and five numbers. What is written in place has
    // one owner; see `Batch::push`.
    checked(|error| unsafe {
        boldface_adamw(pointers.as_ptr(), count, pointer(number), numbers.as_ptr(), error);
    });
}

/// Numbers of a file as a tensor on the CPU, read where they lie.
pub(super) fn view_of_file(file: &Mapped, numbers: &[f32], sizes: &[i64]) -> Tensor {
    // libtorch's views do not tell when the last of them goes: the map stays until the process ends. It is
    // memory of the file, not of ours.
    std::mem::forget(file.clone());
    // SAFETY: the numbers are those of the map, which stays, and as many as the sizes ask for. Nothing writes
    // to them: what is trained is a copy (`Value::as_leaf`).
    done(unsafe { Tensor::f_from_blob(numbers.as_ptr().cast(), sizes, &[], Kind::Float, Device::Cpu) })
}

/// Opens libtorch's part for CUDA if the machine has a driver of NVIDIA; gives whether it has.
///
/// Programs link the CPU's part alone, so that one program serves both.
///
/// # Errors
///
/// Why the part could not be opened.
pub(super) fn open_cuda() -> Result<bool, String> {
    const NOW_AND_GLOBAL: c_int = 0x102;
    if !std::path::Path::new("/dev/nvidiactl").exists() {
        return Ok(false);
    }
    // SAFETY: a library of libtorch's own, found beside the one that is loaded; it registers itself. If that
    // fails, `dlerror` gives a text that lives until this thread's next call of its kind.
    unsafe {
        if !dlopen(c"libtorch_cuda.so".as_ptr(), NOW_AND_GLOBAL).is_null() {
            return Ok(true);
        }
        let why = dlerror();
        if why.is_null() {
            return Err("the system does not say why".to_owned());
        }
        Err(CStr::from_ptr(why).to_string_lossy().into_owned())
    }
}

/// Whether products in f32 may be TensorFloat-32, in the whole process.
pub(super) fn allow_tf32(allowed: bool) {
    // SAFETY: it sets a flag.
    checked(|error| unsafe { boldface_allow_tf32(allowed, error) });
}
