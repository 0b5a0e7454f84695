//! Answers that appear in a model's text or in a scan's description.

use boldface_tests::Sandbox;
use expect_test::expect;

use super::{SPEC, run_says, said, study, with};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("medication", ["none", "aspirin"][i % 2].to_owned()));
    });
    sandbox
}

fn nosy(by: &str) -> String {
    let task = SPEC.find("[tasks.condition]").unwrap();
    let rest = SPEC.find("[evaluation]").unwrap();
    format!("{}[tasks.nosy]\nby = \"{by}\"\n\n{}", &SPEC[..task], &SPEC[rest..])
}

#[test]
fn a_question_that_answers_itself() {
    expect![[r#"
        spec.toml:22:8: leak `tasks.nosy.nuisance.question`: the wording of the question alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); ask every scan the same; or accept it with a reason: `[leakage] accept = { "tasks.nosy.nuisance.question" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &nosy("question")));
}

#[test]
fn questions_of_everybodys_own_that_answer_themselves() {
    expect![[r#"
        spec.toml:22:8: leak `tasks.nosy.question`: the question contains the answer to `tasks.nosy` in 100% of 24 examples, by chance 50%; ask every scan the same; or accept it with a reason: `[leakage] accept = { "tasks.nosy.question" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &nosy("own-question")));
}

#[test]
fn options_that_leave_no_choice() {
    expect![[r#"
        spec.toml:22:8: leak `tasks.nosy.nuisance.options`: the list of options alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); offer every scan the same options; or accept it with a reason: `[leakage] accept = { "tasks.nosy.nuisance.options" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &nosy("options")));
}

#[test]
fn a_window_as_long_as_the_answer() {
    expect![[r#"
        spec.toml:22:8: leak `tasks.nosy.nuisance.window`: the number of volumes shown alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); show as many volumes of every scan; or accept it with a reason: `[leakage] accept = { "tasks.nosy.nuisance.window" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &nosy("window")));
}

#[test]
fn a_text_that_tells_another_tasks_answer() {
    let spec = with("[tasks.nosy]\nby = \"text\"\n");
    expect![[r#"
        spec.toml:31:8: leak `tasks.nosy.says.condition`: the reference text contains the answer to `tasks.condition` in 100% of 24 examples, by chance 50%; leave it out of the reference text, or do not ask both; or accept it with a reason: `[leakage] accept = { "tasks.nosy.says.condition" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &spec));
}

#[test]
fn a_question_that_leans_is_said_and_no_leak() {
    let spec = SPEC.replace("target =", "question = \"Is this a high pain?\"\ntarget =");
    let plan = super::plan(&sandbox(), &spec).unwrap();
    let leaning = plan.leakage.checks.iter().find(|check| check.id == "tasks.condition.leaning");
    expect!["`Is this a high pain?` names `high` and not the other options"]
        .assert_eq(&leaning.unwrap().found);
}

#[test]
fn a_paraphrase_that_leans_is_said_and_no_leak() {
    let sandbox = sandbox();
    let grammar = "question = [\"{question}\", \"Is this high pain?\"]\n";
    sandbox.write("words.toml", grammar);
    let spec = SPEC.replace("target =", "prompts = \"words.toml\"\ntarget =");
    let plan = super::plan(&sandbox, &spec).unwrap();
    let leaning = plan.leakage.checks.iter().find(|check| check.id == "tasks.condition.leaning");
    expect!["`Is this high pain?` names `high` and not the other options"].assert_eq(&leaning.unwrap().found);
}

#[test]
fn a_corpus_that_is_told_to_describe_the_target() {
    let spec = with("[corpora.gossip]\ncolumns = [\"age\", \"condition\"]\n");
    expect![[r#"
        spec.toml:31:10: leak `corpora.gossip.names.condition`: it describes `condition`, which `tasks.condition` asks for; leave it out of the corpus, or do not ask for it; or accept it with a reason: `[leakage] accept = { "corpora.gossip.names.condition" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &spec));
}

#[test]
fn a_corpus_that_admits_what_it_tells() {
    let spec =
        |column: &str| with(&format!("[corpora.gossip]\nbehind = [\"{column}\", \"mood\"]\nadmits = true\n"));
    expect![[r#"
        spec.toml:31:10: leak `corpora.gossip.names.condition`: it describes `condition`, which `tasks.condition` asks for; leave it out of the corpus, or do not ask for it; or accept it with a reason: `[leakage] accept = { "corpora.gossip.names.condition" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &spec("condi+tion")));
    // The column is related to the target, which shows before anything runs.
    expect![[r#"
        spec.toml:31:10: leak `corpora.gossip.retells.condition`: `tasks.condition`: the column `medication`, which it describes, alone predicts the answer with a balanced accuracy of 1.00, guessing has 0.50 (24 people, p = 0.001); leave it out of the corpus, or do not ask for it; or accept it with a reason: `[leakage] accept = { "corpora.gossip.retells.condition" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &spec("medi+cation")));
    assert_eq!(said(&sandbox(), &spec("ag+e")), "no problem\n");
    let why =
        "[leakage]\naccept = { \"corpora.gossip.names.condition\" = \"it is in the question as well\" }\n";
    assert_eq!(said(&sandbox(), &(spec("condi+tion") + why)), "no problem\n");
}

#[test]
fn norms_that_are_adjusted_for_the_target() {
    let spec = with("[corpora.gossip]\nadjust = [\"age\", \"condition\"]\n");
    expect![[r#"
        spec.toml:31:10: leak `corpora.gossip.names.condition`: its norms are adjusted for `condition`, which `tasks.condition` asks for; leave it out of the corpus, or do not ask for it; or accept it with a reason: `[leakage] accept = { "corpora.gossip.names.condition" = "..." }`
    "#]].assert_eq(&said(&sandbox(), &spec));
}

#[test]
fn a_corpus_that_describes_the_target_behind_ones_back() {
    let spec = with("[corpora.gossip]\nbehind = [\"condi+tion\", \"Condition\"]\n");
    assert_eq!(said(&sandbox(), &spec), "no problem\n");
    expect![[r#"
        stage `corpus` shows a leak; nothing after it was run
          corpora.gossip: leak `corpora.gossip.names.condition`: it describes `condition`, which `tasks.condition` asks for; leave it out of the corpus, or do not ask for it; or accept it with a reason: `[leakage] accept = { "corpora.gossip.names.condition" = "..." }`
    "#]].assert_eq(&run_says(&sandbox(), &spec));
}

#[test]
fn a_corpus_that_says_the_answers_under_another_name() {
    let spec = with("[corpora.gossip]\nbehind = [\"condi+tion\", \"mood\"]\n");
    expect![[r#"
        stage `corpus` shows a leak; nothing after it was run
          corpora.gossip: leak `corpora.gossip.says.condition`: the description contains the answer to `tasks.condition` in 100% of 24 examples, by chance 50%; leave it out of the corpus, or do not ask for it; or accept it with a reason: `[leakage] accept = { "corpora.gossip.says.condition" = "..." }`
    "#]].assert_eq(&run_says(&sandbox(), &spec));
}

#[test]
fn a_corpus_that_retells_the_target() {
    let spec = with("[corpora.gossip]\ncolumns = [\"medication\"]\n");
    expect![[r#"
        stage `corpus` shows a leak; nothing after it was run
          corpora.gossip: leak `corpora.gossip.retells.condition`: what it says about `medication` predicts the answer to `tasks.condition`; leave it out of the corpus, or do not ask for it; or accept it with a reason: `[leakage] accept = { "corpora.gossip.retells.condition" = "..." }`
    "#]].assert_eq(&run_says(&sandbox(), &spec));
}

#[test]
fn general_text_about_people_in_the_study() {
    let sandbox = sandbox();
    sandbox.write("text.txt", "Brains are many.\n\nThe scan of sub-07 was of a high kind.\n");
    expect![[r#"
        spec.toml:32:8: leak `text.people`: the general text names `sub-07`; general text must know nothing of the scans: remove what was written about them; or accept it with a reason: `[leakage] accept = { "text.people" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with("[text]\npath = \"text.txt\"\n")));
}

#[test]
fn general_text_with_a_tasks_question() {
    let sandbox = sandbox();
    let text = "Q: what is the condition of this scan?\nA: low\n";
    sandbox.write("text.txt", text);
    expect![[r#"
        spec.toml:32:8: leak `text.questions`: the general text asks what a task asks: `What is the condition of this scan?`; remove questions and answers from it: tasks are learned from training scans alone; or accept it with a reason: `[leakage] accept = { "text.questions" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with("[text]\npath = \"text.txt\"\n")));
}

#[test]
fn general_text_with_descriptions_of_held_out_scans() {
    let sandbox = sandbox();
    // A description as the corpus writes it: first the signal, then the age.
    let ages: Vec<String> =
        (0..24).map(|i| format!("The signal is there. The age {}.", 20 + 7 * i % 31)).collect();
    sandbox.write("text.txt", &ages.join("\n\n"));
    let spec = with("[text]\npath = \"text.txt\"\n\n[corpora.gossip]\ncolumns = [\"age\"]\n");
    assert_eq!(said(&sandbox, &spec), "no problem\n");
    expect![[r#"
        stage `text-space` shows a leak; nothing after it was run
          text.path: leak `text.descriptions`: the general text holds the descriptions of held-out scans: `files/sub-01`, `files/sub-02`, `files/sub-04` and 9 more; remove them: a description gives away what a model should find in the scan; or accept it with a reason: `[leakage] accept = { "text.descriptions" = "..." }`
    "#]].assert_eq(&run_says(&sandbox, &spec));
}
