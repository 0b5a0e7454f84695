//! Memory use, in a process of its own so that memory of other tests is not counted.

use std::error::Error;
use std::io::Write;

use boldface_engine::nn::Transformer;
use boldface_engine::{Engine, Mapped, Params, Pass, clear_tape, no_grad, open};

/// Returns the anonymous memory of this process in MiB: allocations, without mapped files.
fn anonymous() -> Result<usize, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<usize>()? >> 10)
}

/// Returns the memory that 24 recorded layers hold between the forward and the backward pass, in MiB.
fn held(engine: &Engine, recompute: bool) -> Result<usize, Box<dyn Error>> {
    let model =
        Transformer { prefix: "body".into(), layers: 24, heads: 2, width: 64, mlp_ratio: 4, gated: false };
    let mut params = Params::new(engine);
    model.init(&mut params, &mut boldface::seed::stream(0, "memory"));
    let pass = Pass::inference(&params).recompute(recompute);
    let (batch, tokens) = (8, 128);
    let visible: Vec<u32> = (0..batch * tokens).map(|i| (i % tokens + 1) as u32).collect();
    let x = engine.zeros(&[batch, tokens, 64]);
    let before = anonymous()?;
    let y = model.forward(&pass, &x, &visible, None);
    let held = anonymous()?.saturating_sub(before);
    drop(y);
    clear_tape();
    Ok(held)
}

#[test]
fn recomputing_holds_less_and_mapped_weights_are_not_copied() -> Result<(), Box<dyn Error>> {
    let engine = open("dfdx", "cpu")?;
    // A layer that is kept holds about 20 numbers for each of the 65,536 of its input, 5 MiB; a
    // recomputed one holds its input. The recomputed pass goes first, because reusable memory of the
    // other would hide its use.
    let again = held(&engine, true)?;
    let kept = held(&engine, false)?;
    assert!(kept > 3 * again && kept > 60, "{kept} MiB kept, {again} MiB when recomputed");

    // 128 MiB of weights in a file, used forwards, and backwards to a trained input.
    let (outputs, inputs) = (1 << 13, 1 << 12);
    let mut file = tempfile::NamedTempFile::new()?;
    let row: Vec<u8> = (0..inputs).flat_map(|i| (i as f32 / inputs as f32).to_le_bytes()).collect();
    for _ in 0..outputs {
        file.write_all(&row)?;
    }
    let mapped = Mapped::open(file.path())?;
    let before = anonymous()?;
    let weight =
        engine.tensor_mapped(&mapped, 0..4 * outputs * inputs, &[outputs, inputs]).ok_or("not numbers")?;
    let mut params = Params::new(&engine);
    params.insert("x", vec![1.0; 2 * inputs], &[2, inputs]);
    // A row of ones times (0, 1, .., 4095) / 4096 is 4095 / 2.
    let y = params.get("x").linear(&weight, None);
    assert_eq!(y.narrow(1, 17, 1).to_vec(), [2047.5; 2]);
    let gradient = y.sum().backward().values(&params, "x").ok_or("no gradient")?;
    assert_eq!(gradient[1], 2.0); // 8192 outputs, each with weight 1 / 4096
    let loss = params.get("x").head_cross_entropy(&weight, &[0, 5]);
    assert!((loss.item() - (outputs as f32).ln()).abs() < 1e-4);
    loss.backward();
    let picked = no_grad(|| weight.rows(&[8191]).reshape(&[inputs, 1]).narrow(0, 1024, 1).item());
    assert_eq!(picked, 0.25);
    let taken = anonymous()?.saturating_sub(before);
    assert!(taken < 48, "{taken} MiB allocated beside 128 MiB of mapped weights");
    Ok(())
}
