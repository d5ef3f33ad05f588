//! The principal axes of an inertia, for Rapier.

use bevy::math::{DMat3, DQuat, DVec3, Quat, Vec3};

/// The principal moments of a symmetric matrix (xx, yy, zz, xy, xz, yz) and the frame that they are given in, by Jacobi's rotations: they
/// need nothing that differs between machines, and lose nothing where two moments are nearly the same.
pub fn principal([xx, yy, zz, xy, xz, yz]: [f64; 6]) -> (Vec3, Quat) {
    let mut matrix = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]];
    let mut axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let size = xx.abs() + yy.abs() + zz.abs();
    for (p, q) in [(0, 1), (0, 2), (1, 2)].into_iter().cycle().take(60) {
        if matrix[p][q].abs() <= 1e-14 * size {
            continue;
        }
        let slope = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
        let tangent = 1.0_f64.copysign(slope) / (slope.abs() + libm::sqrt(slope * slope + 1.0));
        let cosine = 1.0 / libm::sqrt(tangent * tangent + 1.0);
        let sine = tangent * cosine;
        let turn = |(one, other): (f64, f64)| (cosine * one - sine * other, sine * one + cosine * other);
        for row in &mut matrix {
            (row[p], row[q]) = turn((row[p], row[q]));
        }
        let rows: [(f64, f64); 3] = std::array::from_fn(|column| turn((matrix[p][column], matrix[q][column])));
        (matrix[p], matrix[q]) = (rows.map(|(one, _)| one), rows.map(|(_, other)| other));
        for row in &mut axes {
            (row[p], row[q]) = turn((row[p], row[q]));
        }
    }
    let moments = DVec3::from_array(std::array::from_fn(|axis| matrix[axis][axis].max(0.0)));
    let columns: [DVec3; 3] = std::array::from_fn(|axis| DVec3::new(axes[0][axis], axes[1][axis], axes[2][axis]));
    let frame = DQuat::from_mat3(&DMat3::from_cols(columns[0], columns[1], columns[2]));
    (moments.as_vec3(), frame.normalize().as_quat())
}
