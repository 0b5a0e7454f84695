//! Label files of every format, written by hand after published ones.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn parse(name: &str, text: &str) -> Result<Vec<LabelEntry>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    read_label_file(&path)
        .map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), "").into())
}

fn indices_and_names(name: &str, text: &str) -> Vec<(i32, String)> {
    parse(name, text).unwrap().into_iter().map(|entry| (entry.index, entry.name)).collect()
}

fn check(name: &str, text: &str, message: Expect) {
    message.assert_eq(&parse(name, text).unwrap_err().to_string());
}

#[test]
fn every_form_gives_the_same_labels() {
    let expected = [(1, "Left A".to_owned()), (7, "B_R".to_owned())];
    for (name, text) in [
        ("x_label.txt", "B_R\n7 0 128 255 255\nLeft A\n1 1 2 3 255\n"),
        ("LUT.txt", "#No. Name R G B A\n0 Unknown 0 0 0 0\n\n1 Left A 1 2 3 0\n7   B_R   0 128 255 0\n"),
        ("lut.ctab", "1\tLeft A\t1\t2\t3\r\n7\tB_R\t0\t128\t255\r\n"),
        (
            "snap.label",
            "# ITK\n0 0 0 0 0 0 0 \"Clear Label\"\n1 1 2 3 1 1 1 \"Left A\"\n7 0 128 255 0.5 1 1 \"B_R\"\n",
        ),
        ("plain.txt", "1 Left A\n7: B_R\n"),
        ("plain.lst", "7,B_R\n1,Left A\n"),
        ("quoted.txt", "\"1\" \"Left A\"\n\"7\" \"B_R\"\n"),
        ("header.txt", "# made by hand\nindex\tname\n1\tLeft A\n7\tB_R\n"),
        ("header.csv.txt", "Name,Label\nLeft A,1\nB_R,7\n"),
        ("header_fs.txt", "Index Name R G B A\n1 Left A 1 2 3 0\n7 B_R 0 128 255 0\n"),
        ("fsleyes.lut", "1 0.1 0.5 1 Left A\n7 0 0.5 1.0 B_R\n"),
        ("dseg.tsv", "index\tname\tcolor\n1\tLeft A\t#010203\n7\tB_R\t#0080ff\n"),
        ("dseg.csv", "\u{feff}Label,Region,hemi\n1,Left A,L\n7,B_R,right\n"),
        ("nilearn.csv", "name,label,network\n\"Left A\",1,Vis\n\"B_R\",7,n/a\n"),
        ("ids.tsv", "label\tid\tR\tG\tB\nLeft A\t1\t1\t2\t3\nB_R\t7\t0\t128\t255\n"),
        (
            "atlas.xml",
            "<?xml version=\"1.0\"?><atlas><header><type>Probabilistic</type></header><data>\
             <label index=\"0\" x=\"48\" y=\"94\" z=\"35\">Left A</label><label index=\"6\">B_R</label></data></atlas>",
        ),
        (
            "label.xml",
            "<atlas><header><type>Label</type></header><data><label index=\"0\">None</label>\
             <label index=\"1\">Left A</label><label index=\"7\">B_R</label></data></atlas>",
        ),
        (
            "AAL.xml",
            "<atlas><data><label><index>1</index><name>Left A</name></label><label><index>7</index>\
             <name>B_R</name></label></data></atlas>",
        ),
    ] {
        assert_eq!(indices_and_names(name, text), expected, "{name}");
    }
    for text in ["Left A\n7Networks_LH_Vis_1\n", "Background\nLeft A\n7Networks_LH_Vis_1\n"] {
        assert_eq!(
            indices_and_names("names.txt", text),
            [(1, "Left A".to_owned()), (2, "7Networks_LH_Vis_1".to_owned())]
        );
    }
    for text in ["A\tLeft A\t1\nB\tB_R\t7\n", "Left A,1\nB_R,7\n", "\"Left A\";1\n\"B_R\";7\n"] {
        assert_eq!(indices_and_names("ROI_MNI_V4.txt", text), expected, "{text}");
    }
    // If `label` holds numbers, it is the value in the volume, and `index` only counts.
    assert_eq!(indices_and_names("x.tsv", "index\tname\tlabel\n1\tA\t2001\n"), [(2001, "A".to_owned())]);
}

#[test]
fn a_number_at_the_end_is_a_code_only_if_the_names_differ_without_it() {
    let coded = indices_and_names("aal.nii.txt", "1 A_L 2001\n2 A_R 2002\n");
    assert_eq!(coded, [(1, "A_L".to_owned()), (2, "A_R".to_owned())]);
    let areas = indices_and_names("areas.txt", "1 BA 4\n2 BA 6\n");
    assert_eq!(areas, [(1, "BA 4".to_owned()), (2, "BA 6".to_owned())]);
}

#[test]
fn lines_are_counted_only_without_any_number() {
    for (text, line) in [
        ("No Name\n1 A\n", "line 2 is `1 A`, not a name"),
        ("Area 44\nArea 45\n", "line 1 is `Area 44`, not a name"),
        ("A\tleft\nB\tright\n", "line 1 is `A\tleft`, not a name"),
        ("1 -12.5 3 4 A\n", "line 1 is `1 -12.5 3 4 A`, not a name"),
        ("1 A -12.5 3.5\n", "line 1 is `1 A -12.5 3.5`, not a name"),
        ("1\tA\tleft\n", "line 1 is `1\tA\tleft`, not a name"),
        ("1,A,left\n", "line 1 is `1,A,left`, not a name"),
        ("{\"1\":\"A\"}", "it is JSON; write index and name into a .tsv"),
        ("index name\n", "it names no region"),
    ] {
        let error = parse("x.txt", text).unwrap_err().to_string();
        assert!(error.contains(line), "{error}");
    }
    assert!(parse("x.txt", "A\nB\n").unwrap().iter().all(|entry| entry.is_numbered_by_line));
    assert!(parse("x.txt", "1 A\n2 B\n").unwrap().iter().all(|entry| !entry.is_numbered_by_line));
    // Commas and digits within words belong to names.
    let names = indices_and_names("x.txt", "Gyrus, anterior\nInf\nhIP1\n");
    assert_eq!(names[2], (3, "hIP1".to_owned()));
}

#[test]
fn colours_sides_networks_and_centroids_are_kept() {
    for (name, text) in [
        ("x.txt", "B\n7 0 128 255 255\n"),
        ("x.txt", "7 B 0 128 255 0\n"),
        ("x.lut", "7 0 0.502 1 B\n"),
        ("x.tsv", "index\tname\tcolor\n7\tB\t#0080FF\n"),
        ("x.tsv", "index\tname\tR\tG\tB\n7\tB\t0\t128\t255\n"),
    ] {
        let entries = parse(name, text).unwrap();
        assert_eq!(entries[0].rgb.map(hex).as_deref(), Some("#0080ff"), "{text}");
    }
    let text = "index\tname_7net\themisphere\tnetwork7\tname_17net\tnetwork17\tmni_x\tmni_y\tmni_z\trgb\n\
                2\tA\tL\tVis\tB\tVisCent\t-1.5\t2\t3\t#cdd5e6\n";
    let expected = LabelEntry {
        rgb: Some([0xcd, 0xd5, 0xe6]),
        hemisphere: Some(Hemisphere::Left),
        network: Some("Vis".to_owned()),
        centroid: Some([-1.5, 2.0, 3.0]),
        ..LabelEntry::new(2, "A")
    };
    assert_eq!(parse("x.tsv", text).unwrap(), [expected]);
}

#[test]
fn references_in_xml_are_resolved() {
    let text = "<a><header><type>Label</type></header><label index='3'>A &amp; B &#228;</label></a>";
    assert_eq!(indices_and_names("x.xml", text), [(3, "A & B ä".to_owned())]);
}

#[test]
fn what_is_wrong_is_named() {
    check("x.txt", "1 A\n1 B\n", expect!["label file `x.txt`: `A` and `B` both have index 1"]);
    check("x.txt", "# nothing\n", expect!["label file `x.txt`: it is empty"]);
    check("x.txt", "0 Background\n", expect!["label file `x.txt`: it names no region"]);
    check(
        "x.txt",
        "A\n1 2 3 4 5\nB\n",
        expect![
            "label file `x.txt`: line 3 is `B`, not a name followed by a line `index red green blue alpha`"
        ],
    );
    check(
        "x.txt",
        "A\n7\n",
        expect![
            "label file `x.txt`: line 2 is `7`, not a name; a file without numbers has one name per line, and any other is clearest as a .tsv with the columns `index` and `name`"
        ],
    );
    check(
        "x.txt",
        "1 A 1 2 3 0\n2 B\n",
        expect![
            "label file `x.txt`: line 2 is `2 B`, not `index name red green blue alpha` as the first line"
        ],
    );
    check(
        "x.tsv",
        "number\tname\n1\tA\n",
        expect![
            "label file `x.tsv`: no column holds the regions' numbers: looked for `label`, `index`, `id`, `value`, `label_id`, `roi`, `roi_id`, `region_id`, `parcel_id`, `intensity` with whole numbers; the columns are `number`, `name`"
        ],
    );
    check(
        "x.csv",
        "index,network\n1,A\n",
        expect![
            "label file `x.csv`: no column holds the regions' names: looked for `name`, `label_name`, `region_name`, `roi_name`, `label`, `region`, `roi`, `structure`, `abbreviation`; the columns are `index`, `network`"
        ],
    );
    check(
        "x.xml",
        "<a><label index='0'>A</label></a>",
        expect![
            "label file `x.xml`: its `<type>` is missing, not `Probabilistic` (voxels hold index + 1) or `Label` (voxels hold the index); correct the header, or write index and name into a .tsv"
        ],
    );
    check(
        "x.xml",
        "<a><b/></a>",
        expect!["label file `x.xml`: XML without `<label>`; only FSL's and AAL's atlases can be read"],
    );
    check(
        "x.annot",
        "",
        expect!["label file `x.annot`: a FreeSurfer annotation of a surface; give its colour table as text"],
    );
    let cut = parse("x.xml", "<a><label index='1'>A").unwrap_err().to_string();
    assert!(cut.contains("x.xml"), "{cut}");
    assert!(
        parse("x.txt", "-3 A\n").unwrap_err().to_string().contains("`A` has index -3; labels count from 1")
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in "([A-Za-z0-9#<>/&;=\"'., \t\n-]|\\PC|<label index='1'>|</label>|label\tname\n){0,60}") {
        // Parsing ends with or without an error, and every returned entry has a name.
        for entries in [text::parse(&text), xml::parse(&text), table::parse(text.as_bytes(), b'\t')] {
            for entry in entries.and_then(sorted).unwrap_or_default() {
                prop_assert!(entry.index > 0 && !entry.name.is_empty());
            }
        }
    }
}
