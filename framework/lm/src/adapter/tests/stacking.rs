//! Stacked adapters, merged, saved and read again.

use super::super::{add, freeze, load, merge, save};
use super::*;

/// Stacks two adapters of different ranks, scales and layers; `lora` is the second's.
fn stacked(family: ModelFamily) -> (PublishedNetwork, Lora) {
    let mut network = network(family);
    let first = lora(3, 5.0, &[]);
    add(&mut network, &first, &mut rng(1)).unwrap();
    shake(&mut network, 10);
    freeze(&mut network, &first);
    let second = lora(2, 16.0, &network.config.linears()[..2]);
    add(&mut network, &second, &mut rng(2)).unwrap();
    shake(&mut network, 20);
    (network, second)
}

#[test]
fn an_adapter_begins_as_a_no_op() {
    for family in ALL {
        let mut network = network(family);
        let before = logits(&network, &lora(4, 8.0, &[]));
        add(&mut network, &lora(4, 8.0, &[]), &mut rng(1)).unwrap();
        assert_eq!(logits(&network, &lora(4, 8.0, &[])), before);
        for name in network.params.names().filter(|name| name.ends_with(".lora_a")) {
            let a = network.params.get(name);
            let inputs = a.dims()[1] as f32;
            let bound = inputs.sqrt().recip();
            let a = a.to_vec();
            assert!(a.iter().all(|x| x.abs() <= bound), "{a:?}");
            // Uniform numbers within b have a mean square of b^2 / 3, give or take .3 b^2 / sqrt(48).
            let square = a.iter().map(|x| x * x).sum::<f32>() / a.len() as f32;
            assert!((square * inputs - 1.0 / 3.0).abs() < 0.17, "{square}");
        }
    }
}

#[test]
fn a_frozen_adapter_does_what_it_did() {
    for family in ALL {
        let mut network = network(family);
        let first = lora(3, 5.0, &[]);
        add(&mut network, &first, &mut rng(1)).unwrap();
        let nothing = logits(&network, &first);
        shake(&mut network, 10);
        let before = logits(&network, &first);
        assert!(furthest(&before, &nothing) > 0.1, "the adapter does nothing");
        freeze(&mut network, &first);
        // A frozen adapter's scale does not depend on the pass.
        let after = logits(&network, &lora(1, 100.0, &[]));
        assert!(furthest(&before, &after) < 1e-5, "{}", furthest(&before, &after));
        assert!(network.params.names().all(|name| !network.params.is_trainable(name)));
    }
}

#[test]
fn merged_weights_give_the_same_logits() {
    for family in ALL {
        let (mut network, second) = stacked(family);
        let before = logits(&network, &second);
        merge(&mut network, &second);
        let after = logits(&network, &lora(1, 100.0, &[]));
        assert!(furthest(&before, &after) < 1e-5, "{}", furthest(&before, &after));
        assert!(network.params.names().all(|name| !name.contains(".lora_") && !name.contains(".frozen_")));
        assert!(network.params.names().all(|name| !network.params.is_trainable(name)));
    }
}

#[test]
fn two_adapters_are_saved_as_one() {
    for family in ALL {
        let (whole, second) = stacked(family);
        let dir = tempfile::tempdir().unwrap();
        save(&whole, &second, "tiny", dir.path()).unwrap();
        let mut fresh = network(family);
        let read = load(&mut fresh, dir.path()).unwrap();
        let (before, after) = (logits(&whole, &second), logits(&fresh, &read));
        assert!(furthest(&before, &after) < 1e-5, "{family:?}: {}", furthest(&before, &after));
    }
}
