//! Minimises a smooth convex function by limited-memory BFGS with a backtracking line search.

use std::collections::VecDeque;

/// Number of steps remembered.
const MEMORY: usize = 12;

/// Most steps. After them the current point is returned.
const LONGEST: usize = 2000;

/// Returns the point, starting from `start`, at which no component of the gradient exceeds `tolerance`.
///
/// `function` writes the gradient at a point into its second argument and returns the value.
pub fn minimize(
    start: Vec<f64>,
    tolerance: f64,
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let mut point = start;
    let mut gradient = vec![0.0; point.len()];
    let mut value = function(&point, &mut gradient);
    let mut steps: VecDeque<Step> = VecDeque::new();
    for _ in 0..LONGEST {
        if gradient.iter().all(|slope| slope.abs() <= tolerance) {
            break;
        }
        let mut direction = direction(&gradient, &steps);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding errors spoilt the direction: restart with steepest descent.
            steps.clear();
            direction = gradient.iter().map(|slope| -slope).collect();
            slope = dot(&direction, &gradient);
        }
        let mut length = 1.0;
        let mut next_gradient = vec![0.0; point.len()];
        let (next, next_value) = loop {
            let next: Vec<f64> = point.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let next_value = function(&next, &mut next_gradient);
            if next_value <= value + 1e-4 * length * slope {
                break (next, next_value);
            }
            length /= 2.0;
            if length < 1e-20 {
                // No lower point is distinguishable from this one.
                return point;
            }
        };
        let moved: Vec<f64> = next.iter().zip(&point).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&moved, &turned);
        if curvature > 1e-12 * dot(&turned, &turned) {
            steps.push_back(Step { moved, turned, curvature });
            if steps.len() > MEMORY {
                steps.pop_front();
            }
        }
        (point, value, gradient) = (next, next_value, next_gradient);
    }
    point
}

/// The change of the point and of the gradient over one step.
struct Step {
    moved: Vec<f64>,
    turned: Vec<f64>,
    curvature: f64,
}

/// Returns minus the remembered inverse Hessian times the gradient (the two-loop recursion).
fn direction(gradient: &[f64], steps: &VecDeque<Step>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut weights = Vec::new();
    for step in steps.iter().rev() {
        let weight = dot(&step.moved, &direction) / step.curvature;
        add(&mut direction, -weight, &step.turned);
        weights.push(weight);
    }
    if let Some(last) = steps.back() {
        let scale = last.curvature / dot(&last.turned, &last.turned);
        direction.iter_mut().for_each(|x| *x *= scale);
    }
    for (step, weight) in steps.iter().zip(weights.into_iter().rev()) {
        let back = dot(&step.turned, &direction) / step.curvature;
        add(&mut direction, weight - back, &step.moved);
    }
    direction
}

/// Returns the inner product of two vectors of equal length.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    // Eight running sums give a fixed order that the compiler can vectorise.
    let mut sums = [0.0; 8];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

fn add(to: &mut [f64], weight: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += weight * what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badly_scaled_bowl_is_solved() {
        // f = sum of i^2 (x_i - i)^2 / 2, with its minimum at x_i = i.
        let minimum = minimize(vec![0.0; 30], 1e-9, |x, gradient| {
            let mut value = 0.0;
            for (i, (x, slope)) in (1..).map(f64::from).zip(x.iter().zip(gradient.iter_mut())) {
                *slope = i * i * (x - i);
                value += i * i * (x - i).powi(2) / 2.0;
            }
            value
        });
        assert!((1..).map(f64::from).zip(&minimum).all(|(i, x)| (x - i).abs() < 1e-9), "{minimum:?}");
    }

    #[test]
    fn a_start_at_the_minimum_stays() {
        let stay = minimize(vec![2.0], 1e-9, |x, gradient| {
            gradient[0] = x[0] - 2.0;
            (x[0] - 2.0).powi(2) / 2.0
        });
        assert_eq!(stay, [2.0]);
    }
}
