//! Tables of several programs, and files that are not tables.

use std::path::Path;

use expect_test::{Expect, expect};

use super::files;

#[test]
fn tables_of_old_and_new_fmriprep_say_the_same() {
    let new = "csf\ttrans_x\trot_z\tstd_dvars\ta_comp_cor_00\n1\t0.5\t0.01\tn/a\t3\n2\t-0.5\t0.02\t1.25\t4\n";
    let old = "CSF\tX\tRotZ\tstdDVARS\taCompCor00\n1\t0.5\t0.01\t\t3\n2\t-0.5\t0.02\t1.25\t4\n";
    let windows = format!("\u{feff}{}", new.replace('\n', "\r\n").replace("n/a", "NaN"));
    let commas = new.replace('\t', ",");
    let all = [("a.tsv", new), ("a.tsv", old), ("a.tsv", &windows), ("a.csv", &commas)];
    for (name, text) in all {
        let table = files(&[(name, text)]).read().unwrap();
        assert_eq!(table.trs(), 2);
        assert_eq!(table.column("trans_x"), Some(vec![0.5, -0.5]));
        assert_eq!(table.column("rot_z"), Some(vec![0.01, 0.02]));
        assert_eq!(table.column("a_comp_cor_00"), Some(vec![3.0, 4.0]));
        let dvars = table.column("std_dvars").unwrap();
        assert!(dvars[0].is_nan() && dvars[1] == 1.25);
        assert_eq!(table.column("white_matter"), None);
    }
    let table = files(&[("a.tsv", old)]).read().unwrap();
    assert_eq!(table.columns()[..2], ["CSF", "X"]);
    assert_eq!(table.column("X"), Some(vec![0.5, -0.5]));
}

#[test]
fn derivatives_and_squares_are_computed_where_they_are_not_written() {
    // Differences 2 and -3, squares 1, 9 and 0, squared differences 4 and 9.
    let table = files(&[("a.tsv", "csf\trot_x\trot_x_power2\n1\t1\t7\n3\t3\t8\n0\t0\t9\n")]).read().unwrap();
    let rest = |name: &str| table.column(name).unwrap()[1..].to_vec();
    assert!(table.column("csf_derivative1").unwrap()[0].is_nan());
    assert_eq!(rest("csf_derivative1"), [2.0, -3.0]);
    assert_eq!(table.column("csf_power2"), Some(vec![1.0, 9.0, 0.0]));
    assert_eq!(rest("csf_derivative1_power2"), [4.0, 9.0]);
    assert!(table.column("csf_derivative1_power2").unwrap()[0].is_nan());
    // A column in the file takes precedence over a computed one.
    assert_eq!(table.column("rot_x_power2"), Some(vec![7.0, 8.0, 9.0]));
    assert_eq!(table.column("csf_derivative1_derivative1"), None);
}

#[test]
fn motion_files_of_fsl_spm_and_hcp_have_one_order_and_unit() {
    let names = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"];
    let check = |name: &str, text: &str, unit: f64| {
        let table = files(&[(name, text)]).read().unwrap();
        for (place, column) in names.iter().enumerate() {
            let expected = if place < 3 { place as f64 } else { place as f64 * unit };
            assert_eq!(table.column(column).unwrap()[1], expected, "{name}, {column}");
        }
        assert_eq!(table.trs(), 2);
        table
    };
    let degrees = std::f64::consts::PI / 180.0;
    check("prefiltered_func_data_mcf.par", "0  0  0  0  0  0  \n3  4  5  0  1  2  \n", 1.0);
    check("rp_sub01.txt", "  0 0 0 0 0 0\n  0.0e+00 1 2 3 4 5\n", 1.0);
    check("Movement_Regressors.txt", "0 0 0 0 0 0\n0 1 2 3 4 5\n", degrees);
    let long =
        check("Movement_Regressors_dt.txt", "0 0 0 0 0 0 0 0 0 0 0 0\n0 1 2 3 4 5 0 1 2 3 4 6\n", degrees);
    assert_eq!(long.column("rot_z_derivative1"), Some(vec![0.0, 6.0 * degrees]));
    assert_eq!(long.column("trans_z_derivative1"), Some(vec![0.0, 2.0]));
}

#[test]
fn dummy_scans_are_those_that_are_marked() {
    let text = "csf\tnon_steady_state_outlier00\tNonSteadyStateOutlier01\n1\t1\t0\n1\t0\t1\n1\t0\t0\n";
    assert_eq!(files(&[("a.tsv", text)]).read().unwrap().dummy_scans(), [0, 1]);
}

fn refused(name: &str, text: &str, message: &Expect) {
    let files = files(&[(name, text)]);
    message.assert_eq(&files.said(&files.read().unwrap_err()));
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    refused("a.tsv", "", &expect!["confounds `a.tsv`: the table is empty; its first line names the columns"]);
    refused(
        "a.tsv",
        "csf\tcsf\n1\t2\n",
        &expect!["confounds `a.tsv`: two columns are named `csf`; rename one"],
    );
    refused(
        "a.tsv",
        "trans_x\tX\n1\t2\n",
        &expect!["confounds `a.tsv`: columns `trans_x` and `X` are the same confound; remove one"],
    );
    refused("a.tsv", "csf\twm\n1\n", &expect!["confounds `a.tsv`: line 2 has 1 cells, but the header has 2"]);
    refused(
        "a.tsv",
        "csf\twm\n1\t2\n3\tx4\n",
        &expect![
            "confounds `a.tsv`: line 3, column `wm`: `x4` is not a number; write `n/a` for a missing value"
        ],
    );
    refused(
        "a.tsv",
        "csf\ttrans_x\n1\tinf\n",
        &expect![
            "confounds `a.tsv`: line 2, column `trans_x`: `inf` is not a number; write `n/a` for a missing value"
        ],
    );
    refused(
        "a.tsv",
        "csf,wm\n1,2\n",
        &expect!["confounds `a.tsv`: its cells are separated by commas; name the file `.csv`"],
    );
    refused(
        "a.csv",
        "csf\twm\n1\t2\n",
        &expect!["confounds `a.csv`: its cells are separated by tabs; name the file `.tsv`"],
    );
    refused(
        "a.txt",
        "csf wm\n1 2\n",
        &expect!["confounds `a.txt`: its cells are separated by spaces; separate them by tabs"],
    );
    refused(
        "confounds.txt",
        "0.1 0.2 0.3\n0.1 0.2 0.3\n",
        &expect![
            "confounds `confounds.txt`: the first line holds numbers, not the names of columns; write them above, or, if the file is FSL's, SPM's or HCP's, name it `.par`, `rp_*.txt` or `Movement_Regressors*.txt`"
        ],
    );
    refused(
        "rp_a.txt",
        "1 2 3 4 5 6\n1 2 3 4 5\n",
        &expect![
            "confounds `rp_a.txt`: line 2 has 5 columns, but SPM's `rp_*.txt` has 6, the same in every line"
        ],
    );
    refused(
        "a.par",
        "1 2 3 4 5 6 7\n",
        &expect!["confounds `a.par`: line 1 has 7 columns, but FSL's `.par` has 6, the same in every line"],
    );
    refused(
        "Movement_Regressors.txt",
        "1 2 3 4 5 6\n1 2 3 4 nan 6\n",
        &expect!["confounds `Movement_Regressors.txt`: line 2, column 5: `nan` is not a number"],
    );
    refused("a.par", "\n", &expect!["confounds `a.par`: the file is empty"]);
    let missing = super::super::ConfoundTable::read(Path::new("/nowhere/a.tsv")).unwrap_err().to_string();
    assert!(missing.starts_with("confounds `/nowhere/a.tsv`: "), "{missing}");
    let files = files(&[("a.tsv", "csf\n1\n2\n"), ("a.json", "{ \"csf\": ")]);
    let error = files.said(&files.read().unwrap_err());
    assert!(error.starts_with("sidecar `a.json`: "), "{error}");
}

#[test]
fn a_table_of_another_length_names_both_files() {
    let files = files(&[("a.tsv", "csf\n1\n2\n")]);
    let table = files.read().unwrap();
    table.check_length(2, Path::new("bold.nii.gz")).unwrap();
    let error = files.said(&table.check_length(3, Path::new("bold.nii.gz")).unwrap_err());
    expect!["confounds `a.tsv` have 2 rows, but `bold.nii.gz` has 3 volumes; are they of the same run, with the same volumes removed?"]
        .assert_eq(&error);
}
