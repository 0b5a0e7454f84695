//! The plugin side: answers requests from the registry of its own image.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use super::edge::{CallStatus, EdgeMessage};
use super::forward::last_panic;
use super::request::{CreatedPlugin, ListedPlugin, Request, SentCohort, SentMetric};
use super::series::{SentScan, Series};
use crate::registry::{PluginKind, entries};
use crate::{
    Answer, CheckContext, Cohort, Config, CorpusGenerator, Dataset, Describer, Event, Example, Fact, Part,
    Problem, Result, Scan, ScanInfo, Split, Task,
};

/// An object that the host knows by its number.
enum Object {
    Dataset(Box<dyn Dataset>),
    Corpus(Box<dyn CorpusGenerator>),
    Describer(Box<dyn Describer>),
    Task(Box<dyn Task>),
}

/// All live objects by number, with the last number given out. A wrong number is an error, not a wild
/// pointer.
static OBJECTS: Mutex<(u64, BTreeMap<u64, Arc<Object>>)> = Mutex::new((0, BTreeMap::new()));

/// Answers a request. Errors and panics become answers too.
pub(super) fn answer(message: EdgeMessage) -> (CallStatus, EdgeMessage) {
    let mut series = Series(message.series);
    let served = catch_unwind(AssertUnwindSafe(|| -> crate::Result<Vec<u8>> {
        let request = serde_json::from_slice(&message.json)
            .map_err(|error| format!("the request is invalid: {error}"))?;
        serve(request, &mut series)
    }));
    match served {
        Ok(Ok(json)) => (CallStatus::Done, EdgeMessage { json, series: series.0 }),
        Ok(Err(error)) => (CallStatus::Failed, in_json(&crate::messages(&*error))),
        Err(panic) => (CallStatus::Panicked, in_json(&place_and_words(&*panic))),
    }
}

fn in_json(words: &impl Serialize) -> EdgeMessage {
    EdgeMessage { json: serde_json::to_vec(words).unwrap_or_default(), series: Vec::new() }
}

fn place_and_words(panic: &(dyn Any + Send)) -> Vec<String> {
    let words = crate::guard::words(panic);
    vec![last_panic().map_or_else(|| words.to_owned(), |place| format!("{place}: {words}"))]
}

fn serve(request: Request, series: &mut Series) -> Result<Vec<u8>> {
    match request {
        Request::Plugins => reply(&plugins()),
        Request::Make { kind, name, table } => reply(&make(&kind, &name, &table)?),
        Request::Drop { object } => {
            let dropped = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&object);
            drop(dropped);
            reply(&())
        }
        Request::Examples { object, scan } => {
            let scan = series.take_scan(*scan)?;
            let examples = task(&*find(object)?)?.examples(&scan)?;
            finite_examples(&examples, &scan)?;
            reply(&examples)
        }
        Request::Forecasts { object } => reply(&task(&*find(object)?)?.forecasts()),
        Request::Score { object, outcomes } => {
            let outcomes: Result<Vec<_>> =
                outcomes.into_iter().map(|sent| series.take_outcome(sent)).collect();
            let outcomes = outcomes?;
            let metrics = task(&*find(object)?)?.score(&outcomes.iter().collect::<Vec<_>>())?;
            reply(&metrics.into_iter().map(SentMetric::from).collect::<Vec<_>>())
        }
        Request::CheckTask { object, scans, trs, patch } => {
            reply(&task(&*find(object)?)?.check(&CheckContext { scans: &scans, trs, patch }))
        }
        Request::Cautions { object, scans, trs, patch } => {
            reply(&task(&*find(object)?)?.cautions(&CheckContext { scans: &scans, trs, patch }))
        }
        Request::Fit { object, train, seed } => fit(object, train, seed, series),
        Request::Tells { object } => reply(&corpus(&*find(object)?)?.tells()),
        Request::LoadDescriber { object, dir } => {
            let describer = corpus(&*find(object)?)?.load(&dir)?;
            reply(&keep(Object::Describer(describer)))
        }
        Request::CheckCorpus { object, cohort } => {
            reply(&corpus(&*find(object)?)?.check(&Cohort::from(cohort)))
        }
        Request::Describe { object, scan } => {
            let scan = series.take_scan(*scan)?;
            let said = describer(&*find(object)?)?.describe(&scan)?;
            said.iter().try_for_each(|descriptor| finite_fact(&descriptor.fact, &scan))?;
            reply(&said)
        }
        Request::Read { object, text } => reply(&describer(&*find(object)?)?.read(&text)?),
        Request::Questions { object } => reply(&describer(&*find(object)?)?.questions()?),
        Request::Say { object, feature, band } => reply(&describer(&*find(object)?)?.say(&feature, &band)?),
        Request::Save { object, dir } => reply(&describer(&*find(object)?)?.save(&dir)?),
        Request::Files { object, root } => reply(&dataset(&*find(object)?)?.files(&root)?),
        Request::Cohort { object, root, name } => {
            let cohort = dataset(&*find(object)?)?.cohort(&root, &name)?;
            if let Some(scan) = cohort.scans.iter().find(|scan| !scan.tr.is_finite()) {
                return Err(
                    format!("`{}`: the repetition time of {} s is not finite", scan.id, scan.tr).into()
                );
            }
            cohort.scans.iter().try_for_each(finite_events)?;
            reply(&SentCohort::from(cohort))
        }
        Request::Load { object, root, scan } => {
            let loaded = dataset(&*find(object)?)?.load(&root, &scan)?;
            reply(&series.put(&loaded))
        }
        Request::Record { object, root, scan } => {
            let recorded = dataset(&*find(object)?)?.record(&root, &scan)?;
            reply(&series.put_recorded(recorded))
        }
        Request::LooksAhead { object, root } => reply(&dataset(&*find(object)?)?.looks_ahead(&root)),
        Request::CheckDataset { object, root } => reply(&dataset(&*find(object)?)?.check(&root)),
    }
}

fn reply(value: &impl Serialize) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(value)?)
}

fn plugins() -> Vec<ListedPlugin> {
    let listed = |entry: crate::registry::RegistryEntry| ListedPlugin {
        kind: entry.kind.to_owned(),
        name: entry.name.to_owned(),
        schema: entry.schema.to_value(),
    };
    entries().into_iter().map(listed).collect()
}

fn make(kind: &str, name: &str, table: &Value) -> Result<Result<CreatedPlugin, Problem>> {
    let made = match kind {
        <dyn Dataset>::NAME => parse::<dyn Dataset>(name, table)?.map(|plugin| {
            let (config, version) = (plugin.resolved(), plugin.version());
            (Object::Dataset(plugin), config, version)
        }),
        <dyn CorpusGenerator>::NAME => parse::<dyn CorpusGenerator>(name, table)?.map(|plugin| {
            let (config, version) = (plugin.resolved(), plugin.version());
            (Object::Corpus(plugin), config, version)
        }),
        <dyn Task>::NAME => parse::<dyn Task>(name, table)?.map(|plugin| {
            let (config, version) = (plugin.resolved(), plugin.version());
            (Object::Task(plugin), config, version)
        }),
        other => return Err(format!("a {other} cannot be loaded from a library").into()),
    };
    Ok(made.map(|(object, config, version)| CreatedPlugin { object: keep(object), config, version }))
}

fn parse<K: PluginKind + Config + ?Sized>(name: &str, table: &Value) -> Result<Result<Box<K>, Problem>> {
    let plugin = K::find(name).ok_or_else(|| format!("the library has no {} `{name}`", K::NAME))?;
    Ok((plugin.parse)(table))
}

fn keep(object: Object) -> u64 {
    let mut objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
    objects.0 += 1;
    let number = objects.0;
    objects.1.insert(number, Arc::new(object));
    number
}

fn find(number: u64) -> Result<Arc<Object>> {
    let objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
    objects.1.get(&number).cloned().ok_or_else(|| format!("the library has no object {number}").into())
}

fn dataset(object: &Object) -> Result<&dyn Dataset> {
    if let Object::Dataset(dataset) = object {
        Ok(&**dataset)
    } else {
        Err("the object is not a dataset".into())
    }
}

fn corpus(object: &Object) -> Result<&dyn CorpusGenerator> {
    if let Object::Corpus(corpus) = object { Ok(&**corpus) } else { Err("the object is not a corpus".into()) }
}

fn describer(object: &Object) -> Result<&dyn Describer> {
    if let Object::Describer(describer) = object {
        Ok(&**describer)
    } else {
        Err("the object is not a describer".into())
    }
}

fn task(object: &Object) -> Result<&dyn Task> {
    if let Object::Task(task) = object { Ok(&**task) } else { Err("the object is not a task".into()) }
}

/// Fits norms. The host sends only training scans, so all scans form the training part.
fn fit(object: u64, train: Vec<SentScan>, seed: u64, series: &mut Series) -> Result<Vec<u8>> {
    let scans: Result<Vec<Scan>> = train.into_iter().map(|sent| series.take_scan(sent)).collect();
    let scans = scans?;
    let parts = scans.iter().map(|scan| (scan.info.id.person(), Part::Train)).collect();
    let split = Split { parts };
    let describer = corpus(&*find(object)?)?.fit(&split.train(&scans)?, seed)?;
    reply(&keep(Object::Describer(describer)))
}

fn finite_events(scan: &ScanInfo) -> Result<()> {
    let bad = scan.events.iter().find(|event| !event.onset.is_finite() || !event.duration.is_finite());
    bad.map_or(Ok(()), |Event { onset, duration, .. }| {
        Err(format!("`{}`: an event has an onset of {onset} s and a duration of {duration} s", scan.id)
            .into())
    })
}

/// Rejects numbers that are not finite, because JSON would silently turn them into missing ones.
fn finite_examples(examples: &[Example], scan: &Scan) -> Result<()> {
    examples.iter().try_for_each(|example| match &example.answer {
        Answer::Text { facts, .. } => facts.iter().try_for_each(|fact| finite_fact(fact, scan)),
        Answer::Value { value, edges, .. } => {
            let bad = [value].into_iter().chain(edges).find(|number| !number.is_finite());
            bad.map_or(Ok(()), |number| {
                let id = &scan.info.id;
                Err(format!("`{id}`: the answer is {number}; leave out scans without a finite number").into())
            })
        }
        Answer::Band { fact, .. } => finite_fact(fact, scan),
        Answer::Choice { .. } | Answer::Series { .. } => Ok(()),
    })
}

fn finite_fact(fact: &Fact, scan: &Scan) -> Result<()> {
    let numbers = [("value", fact.value), ("z", fact.z)];
    let bad = numbers.iter().find_map(|(name, number)| Some((name, number.filter(|x| !x.is_finite())?)));
    bad.map_or(Ok(()), |(name, number)| {
        let (id, feature) = (&scan.info.id, &fact.feature);
        Err(format!("`{id}`: the {name} of `{feature}` is {number}; use `None` for a missing number").into())
    })
}
