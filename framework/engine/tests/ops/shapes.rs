//! Wrong shapes panic with the requested and the actual shape; unknown engines are errors.

use boldface_engine::{Tensor, open};
use expect_test::{Expect, expect};

use crate::check::on_every_engine;

fn check(expected: Expect, f: impl FnOnce() -> Tensor) {
    let f = std::panic::AssertUnwindSafe(f);
    let panic = std::panic::catch_unwind(f).expect_err("the shapes do not fit");
    expected.assert_eq(panic.downcast_ref::<String>().expect("a formatted message"));
}

#[test]
fn wrong_shapes() {
    on_every_engine(|engine| {
        let (x, y, qkv) = (engine.zeros(&[2, 3]), engine.zeros(&[4]), engine.zeros(&[1, 2, 6]));
        check(expect!["`add` of [2, 3] and [4]"], || x.add(&y));
        check(expect!["`linear` of [2, 3] with weight [4]"], || x.linear(&y, None));
        check(expect!["`matmul` of [2, 3] and [2, 3]"], || x.matmul(&x));
        check(expect!["`narrow` to 2..4 of dimension 1 of [2, 3]"], || x.narrow(1, 2, 2));
        check(expect!["`rows` asks for row 2 of a tensor of dims [2, 3]"], || x.rows(&[0, 2]));
        check(expect!["`cross_entropy` has target 3 for logits of dims [2, 3]"], || x.cross_entropy(&[0, 3]));
        check(expect!["`visible` has 3, but there are 2 keys"], || qkv.self_attention(1, 1, &[1, 3]));
        check(expect!["`concat` of [2, 3] and [4] along dimension 0"], || Tensor::concat(&[&x, &y], 0));
        check(expect!["`dropout` with probability 1, not in 0..1"], || {
            x.dropout(1.0, &mut boldface::seed::stream(0, "dropout"))
        });
    });
}

#[test]
fn unknown_engines_and_devices() {
    let message = |engine: &str, device: &str| open(engine, device).expect_err("unknown").to_string();
    assert!(message("burn", "cpu").starts_with("no engine is named `burn` in this build; it has `dfdx`"));
    expect!["engine `dfdx` does not run on device `cuda`; it runs on `cpu`"]
        .assert_eq(&message("dfdx", "cuda"));
}
