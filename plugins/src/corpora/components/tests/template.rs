//! Tests of tables of maps.

use super::super::template::parse;

const REGIONS: [&str; 3] = ["Vis_1", "Vis_2", "Default_1"];

fn told(text: &str) -> String {
    parse(text, &REGIONS.map(str::to_owned)).unwrap_err().to_string()
}

#[test]
fn maps_are_in_the_order_of_the_parcellation() {
    let tabs = "region\tPCC\tV1\nDefault_1\t2.5\t-1\n\nVis_1\t0\t3\nVis_2\t-.5\t4e0\n";
    let commas = "\"\",\"PCC\",\"V1\"\r\nVis_1,0,3\r\nVis_2,-0.5,4\r\n\"Default_1\", 2.5, -1\r\n";
    for text in [tabs, commas] {
        let template = parse(text, &REGIONS.map(str::to_owned)).unwrap();
        assert_eq!(template.names, ["PCC", "V1"]);
        assert_eq!(template.maps, [vec![0.0, -0.5, 2.5], vec![3.0, 4.0, -1.0]]);
    }
}

#[test]
fn regions_called_alike_are_told_apart_by_their_order_alone() {
    let regions = ["a", "b", "a"].map(str::to_owned);
    assert_eq!(parse("r\tx\na\t1\nb\t2\na\t3\n", &regions).unwrap().maps, [vec![1.0, 2.0, 3.0]]);
    assert_eq!(
        parse("r\tx\na\t1\na\t2\nb\t3\n", &regions).unwrap_err().to_string(),
        "two regions of the parcellation are called `a`: its rows must be in the order of the parcellation, and are not"
    );
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(told(""), "the template is empty");
    assert_eq!(told("neuromark.tsv"), "`neuromark.tsv` is not a header with names of components");
    assert_eq!(told("r\tx\tx\n"), "two components are called `x`");
    assert_eq!(told("r\tx\t\n"), "a component has no name");
    assert_eq!(told("r\tx\nVis_1\t1\t2\n"), "line 2: 3 columns, and the header has 2");
    assert_eq!(told("r\tx\nVis_1\tNaN\n"), "line 2: `NaN` is not a number");
    assert_eq!(
        told("r\tx\nVis_1\t1\nVis_2\t1\n"),
        "`Default_1` is in the parcellation, but not in the template (1 of 3)"
    );
    assert_eq!(
        told("r\tx\nVis_1\t1\nVis_2\t1\nDefault_1\t1\nCont\t1\nLimbic\t1\n"),
        "`Cont` and others are in the template, but not in the parcellation (2 of 5)"
    );
    assert_eq!(
        told("r\tx\nVis_1\t1\nVis_1\t1\n"),
        "two regions of the template are called `Vis_1`: its rows must be in the order of the parcellation, and are not"
    );
}
