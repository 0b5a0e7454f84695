// Calls that `tch` does not wrap: fused AdamW, scaled gradients, owners of memory, TensorFloat-32.
#include <cstdlib>
#include <cstring>
#include <exception>
#include <vector>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_fused_adamw.h>

namespace {

const at::Tensor& tensor(const void* pointer) {
    return *static_cast<const at::Tensor*>(pointer);
}

template <typename F>
void guarded(char** error, F f) {
    try {
        f();
    } catch (const std::exception& failure) {
        *error = strdup(failure.what());
    }
}

}  // namespace

extern "C" {

void boldface_free(char* text) {
    free(text);
}

size_t boldface_storage_owners(const void* pointer) {
    return tensor(pointer).storage().use_count();
}

void boldface_allow_tf32(bool allowed, char** error) {
    guarded(error, [&] { at::globalContext().setAllowTF32CuBLAS(allowed); });
}

void* boldface_scale_gradient(const void* pointer, double by, char** error) {
    at::Tensor* alias = nullptr;
    guarded(error, [&] {
        at::Tensor same = tensor(pointer).view_as(tensor(pointer));
        if (same.requires_grad()) {
            same.register_hook([by](const at::Tensor& gradient) -> at::Tensor { return gradient.mul(by); });
        }
        alias = new at::Tensor(std::move(same));
    });
    return alias;
}

// `tensors` holds `count` parameters, then as many gradients, first moments and second moments. `numbers` holds
// the learning rate, both betas, the decay and eps.
void boldface_adamw(
    const void* const* tensors, size_t count, const void* step, const double* numbers, char** error) {
    guarded(error, [&] {
        std::vector<at::Tensor> columns[4];
        for (size_t column = 0; column < 4; ++column) {
            for (size_t i = 0; i < count; ++i) {
                columns[column].push_back(tensor(tensors[column * count + i]));
            }
        }
        std::vector<at::Tensor> steps(count, tensor(step));
        at::_fused_adamw_(
            columns[0], columns[1], columns[2], columns[3], {}, steps, numbers[0], numbers[1], numbers[2],
            numbers[3], numbers[4], false, false);
    });
}
}
