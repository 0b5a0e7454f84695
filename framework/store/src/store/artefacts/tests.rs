//! The store keeps finished artefacts and never accepts anything else as one.

use super::*;
use crate::store::{Key, StageKind};

fn stage(kind: StageKind, key: &str) -> Stage {
    let key = Key(format!("{key:0<32}"));
    let config = serde_json::Value::Null;
    let size = boldface::Size::default();
    Stage { kind, plugin: String::new(), seed: 0, inputs: vec![], config, size, key }
}

fn write(store: &Store, stage: &Stage, text: &str) {
    let draft = store.draft(stage).unwrap();
    fs::create_dir(draft.dir().join("inside")).unwrap();
    fs::write(draft.dir().join("inside/words.txt"), text).unwrap();
    draft.finish(stage, BTreeMap::new(), Cost { seconds: 1.5, ..Cost::default() }).unwrap();
}

#[test]
fn what_is_finished_is_found_and_what_is_dropped_is_not() {
    let runs = tempfile::tempdir().unwrap();
    let store = Store::open(runs.path());
    let (split, series) = (stage(StageKind::Split, "a"), stage(StageKind::Series, "b"));
    assert!(!store.has(&split));
    write(&store, &split, "word");
    let artefact = Store::open(runs.path()).artefact(&split).unwrap();
    assert_eq!(artefact.dir(), runs.path().join("cache/split-a00000000000"));
    assert_eq!(artefact.manifest().files["inside/words.txt"].bytes, 4);
    drop(store.draft(&series).unwrap());
    assert!(!store.has(&series));
    assert_eq!(fs::read_dir(runs.path().join("cache")).unwrap().count(), 1);
}

#[test]
fn damage_of_every_kind_is_found_and_moved_away() {
    let split = stage(StageKind::Split, "a");
    type Spoil = fn(&Path);
    let spoil: [(&str, Spoil); 5] = [
        ("has changed", |dir| fs::write(dir.join("inside/words.txt"), "ward").unwrap()),
        ("3 bytes instead of 4", |dir| fs::write(dir.join("inside/words.txt"), "wor").unwrap()),
        ("words.txt`: No such file", |dir| fs::remove_file(dir.join("inside/words.txt")).unwrap()),
        ("manifest.json`: No such file", |dir| fs::remove_file(dir.join("manifest.json")).unwrap()),
        ("manifest.json`: EOF", |dir| fs::write(dir.join("manifest.json"), "{\"stage\":").unwrap()),
    ];
    for (expected, spoil) in spoil {
        let runs = tempfile::tempdir().unwrap();
        write(&Store::open(runs.path()), &split, "word");
        spoil(&runs.path().join(Store::relative(&split)));
        let store = Store::open(runs.path());
        let damage = store.inspect(&split).unwrap_err().to_string();
        assert!(damage.contains(expected), "{damage}");
        assert!(!store.has(&split) && store.whole(&split).unwrap().is_none());
        assert!(runs.path().join("cache/.damaged-split-a00000000000").exists());
        write(&store, &split, "word");
        assert!(store.has(&split));
    }
}

#[test]
fn an_artefact_of_another_key_is_not_used() {
    let runs = tempfile::tempdir().unwrap();
    write(&Store::open(runs.path()), &stage(StageKind::Split, "a"), "word");
    // The same first twelve digits, but another key.
    let other = stage(StageKind::Split, "a00000000000f");
    assert!(!Store::open(runs.path()).has(&other));
}

#[test]
fn leftovers_are_removed_unless_a_run_is_going_on() {
    let runs = tempfile::tempdir().unwrap();
    let leftover = runs.path().join("cache/.tmp-split-a-1");
    fs::create_dir_all(&leftover).unwrap();
    let store = Store::open(runs.path());
    let other = Store::open(runs.path());
    let in_use = other.enter().unwrap();
    assert!(!leftover.exists());
    fs::create_dir_all(&leftover).unwrap();
    let also = store.enter().unwrap();
    assert!(leftover.exists());
    drop((in_use, also));
    store.enter().unwrap();
    assert!(!leftover.exists());
}

#[test]
fn a_stage_is_made_by_one_at_a_time() {
    let runs = tempfile::tempdir().unwrap();
    let (split, series) = (stage(StageKind::Split, "a"), stage(StageKind::Series, "b"));
    let (one, two) = (Store::open(runs.path()), Store::open(runs.path()));
    let _in_use = one.enter().unwrap();
    let lock = one.try_lock(&split).unwrap();
    assert!(lock.is_some());
    assert!(two.try_lock(&split).unwrap().is_none() && one.try_lock(&split).unwrap().is_none());
    assert!(two.try_lock(&series).unwrap().is_some());
    drop(lock);
    assert!(two.try_lock(&split).unwrap().is_some());
}

#[test]
fn checkpoints_stay_until_their_stage_is_finished() {
    let runs = tempfile::tempdir().unwrap();
    let (split, series) = (stage(StageKind::Split, "a"), stage(StageKind::Series, "b"));
    let store = Store::open(runs.path());
    for stage in [&split, &series] {
        fs::create_dir_all(store.progress(stage).join("0-10")).unwrap();
    }
    drop(store.enter().unwrap());
    assert!(store.progress(&split).exists());
    write(&store, &split, "word");
    assert!(!store.progress(&split).exists() && store.progress(&series).exists());
    // A run that was killed between finishing and cleaning up.
    fs::create_dir_all(store.progress(&split)).unwrap();
    drop(store.enter().unwrap());
    assert!(!store.progress(&split).exists() && store.progress(&series).exists());
}

#[test]
fn what_a_newer_version_made_is_neither_used_nor_moved() {
    let runs = tempfile::tempdir().unwrap();
    let split = stage(StageKind::Split, "a");
    write(&Store::open(runs.path()), &split, "word");
    let path = runs.path().join(Store::relative(&split)).join("manifest.json");
    let newer = r#"{ "format": 7, "boldface": "8.0.0", "files": "elsewhere" }"#;
    fs::write(&path, newer).unwrap();
    let store = Store::open(runs.path());
    assert!(!store.has(&split));
    for found in [store.find(&split), store.whole(&split)] {
        let error = found.unwrap_err().to_string();
        assert!(
            error.contains("by boldface 8.0.0 in store format 7") && error.contains("upgrade"),
            "{error}"
        );
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}
