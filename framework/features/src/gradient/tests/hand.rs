//! Numbers worked by hand.

use faer::Mat;

use super::*;
use crate::gradient::eigen::Symmetric;

fn near(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() < 1e-12, "{ours} and {theirs}");
}

/// Three regions in a row: the middle one resembles both others, which do not resemble each other.
fn chain() -> Mat<f64> {
    Mat::from_fn(3, 3, |i, j| [1.0, 0.5, 0.0][i.abs_diff(j)])
}

#[test]
fn a_chain_of_three_has_the_diffusion_map_of_the_paper() {
    // d = (1.5, 2, 1.5). W_11 = 1 / 1.5 = 2/3, W_12 = 0.5 / sqrt(1.5 * 2) = 1 / (2 sqrt 3), so D_1 = 2/3
    // + 1 / (2 sqrt 3). (1, 0, -1) is antisymmetric, so its eigenvalue is l = W_11 / D_1, and l / (1 -
    // l) = W_11 / W_12 = 4 / sqrt 3.
    let embedded = Embedding::DiffusionMap.embed(chain(), 1).unwrap();
    let lambda = 4.0 / 3.0f64.sqrt();
    near(embedded.lambdas[0], lambda);
    // u = (1, 0, -1) / sqrt 2, divided by the trivial (sqrt D_i) / sqrt(D_1 + D_2 + D_3); W_22 = 1/2, so
    // D_2 = 1/2 + 2 / (2 sqrt 3).
    let (one, two) = (2.0 / 3.0 + 0.5 / 3.0f64.sqrt(), 0.5 + 1.0 / 3.0f64.sqrt());
    let end = ((2.0 * one + two) / (2.0 * one)).sqrt() * lambda;
    for (i, expected) in [end, 0.0, -end].into_iter().enumerate() {
        near(embedded.maps[(i, 0)], expected);
    }
    // The other eigenvalue is the trace minus 1 and l: l' = 2 l + W_22 / D_2 - 1 - l.
    let (l, other) = (2.0 / 3.0 / one, 2.0 / 3.0 / one + 0.5 / two - 1.0);
    near(embedded.shares[0], l * l / (l * l + other * other));
}

#[test]
fn a_chain_of_three_has_the_laplacian_of_a_path() {
    // A path of three without self-loops: the normalised Laplacian has the eigenvalues 0, 1, 2. The one
    // of 1 is (1, 0, -1) / sqrt 2, divided by the roots of the degrees 0.5, 1, 0.5. The walk's
    // eigenvalues are 0 and -1, and the share of the first is 0.
    let embedded = Embedding::Laplacian.embed(chain(), 1).unwrap();
    near(embedded.lambdas[0], 1.0);
    near(embedded.shares[0], 0.0);
    for (i, expected) in [1.0, 0.0, -1.0].into_iter().enumerate() {
        near(embedded.maps[(i, 0)], expected);
    }
}

#[test]
fn a_chain_of_three_has_the_principal_component_of_its_ends() {
    // Columns minus their means 1/2, 2/3, 1/2: (1/2, 0, -1/2), (-1/6, 1/3, -1/6), (-1/2, 0, 1/2). The
    // first and third share one direction, (1, 0, -1) / sqrt 2, with squared length 4/4 = 1; the second
    // is orthogonal, with 1/6. Variances are over n - 1 = 2; the first has 6/7 of the total 7/6.
    let embedded = Embedding::Pca.embed(chain(), 2).unwrap();
    near(embedded.lambdas[0], 0.5);
    near(embedded.lambdas[1], 1.0 / 12.0);
    near(embedded.shares[0], 6.0 / 7.0);
    near(embedded.shares[1], 1.0 / 7.0);
    for (i, expected) in [0.5f64.sqrt(), 0.0, -(0.5f64.sqrt())].into_iter().enumerate() {
        near(embedded.maps[(i, 0)], expected);
    }
}

#[test]
fn of_equal_entries_the_first_regions_stay() {
    // Each row keeps two of four entries. Row 0: itself and the first of three 0.5. Row 3: itself and
    // region 0.
    let fc: Vec<f64> = (0..16).map(|at| if at / 4 == at % 4 { 1.0 } else { 0.5 }).collect();
    let affinity = affinity(&fc, 4, &[0, 1, 2, 3], Kernel::Cosine, 0.5);
    // Rows 0 to 3: (1, .5, 0, 0), (.5, 1, 0, 0), (.5, 0, 1, 0), (.5, 0, 0, 1), each of squared length
    // 1.25.
    let expected = [[1.0, 0.8, 0.4, 0.4], [0.8, 1.0, 0.2, 0.2], [0.4, 0.2, 1.0, 0.2], [0.4, 0.2, 0.2, 1.0]];
    for (i, row) in expected.iter().enumerate() {
        row.iter().enumerate().for_each(|(j, &cosine)| near(affinity[(i, j)], cosine));
    }
}

#[test]
fn gradients_that_changed_places_come_back_with_their_shares() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let gradients = steps.gradients(&crate::fc(&series(&signals(60, 100, 1)))).unwrap();
    // The template has the same gradients in the order 3, 1, 2, with the first of them reflected.
    let place = [(2, -1.0), (0, 1.0), (1, 1.0)];
    let map = |(g, sign): (usize, f64)| gradients.map(g).iter().map(|value| Some(sign * value)).collect();
    let template =
        GradientTemplate { maps: place.map(map).to_vec(), lambdas: vec![0.0; 3], shares: vec![0.0; 3] };
    let turned = gradients.turned_onto(&template).unwrap();
    for (g, (from, sign)) in place.into_iter().enumerate() {
        near(turned.shares[g], gradients.shares[from]);
        near(turned.lambdas[g], gradients.lambdas[g]);
        turned.map(g).iter().zip(gradients.map(from)).for_each(|(a, b)| near(*a, sign * b));
    }
}

#[test]
fn lanczos_finds_what_all_eigenvalues_are() {
    // Both matrices have more than 128 rows, so Lanczos runs: 150 as they are, and 300 with every
    // eigenvalue doubled.
    let fc = crate::fc(&series(&signals(150, 400, 3)));
    let affinity = affinity(fc.values(), 150, &(0..150).collect::<Vec<_>>(), Kernel::NormalizedAngle, 0.9);
    let one = &affinity / faer::Scale(150.0);
    let twice = Mat::from_fn(300, 300, |i, j| if i / 150 == j / 150 { one[(i % 150, j % 150)] } else { 0.0 });
    for (name, matrix, copies) in [("once", one.clone(), 1), ("twice", twice, 2)] {
        let (vectors, values) = Symmetric::Matrix(matrix.clone()).largest(4).unwrap();
        let all = one.self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
        for (g, value) in values.iter().enumerate() {
            assert!((value - all[149 - g / copies]).abs() < 1e-10, "{name}: {values:?}");
        }
        let residual =
            &matrix * &vectors - Mat::from_fn(matrix.nrows(), 4, |i, g| vectors[(i, g)] * values[g]);
        assert!(residual.norm_max() < 1e-9, "{name}");
        let product = vectors.transpose() * &vectors;
        assert!((product - Mat::<f64>::identity(4, 4)).norm_max() < 1e-9, "{name}");
    }
}
