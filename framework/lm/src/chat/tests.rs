//! Templates of a line, rendered.

use super::*;

fn rendered(template: &str) -> Result<String, String> {
    let chat = ChatTemplate::new(template, "here".to_owned(), BTreeMap::new());
    let messages = [Message::new("user", "hi"), Message::new("assistant", "yes")];
    chat.render(&messages, false).map_err(|error| error.to_string())
}

#[test]
fn line_ends_are_line_feeds() {
    // The line feed after a block is cut off, and so it is if the file was saved on Windows.
    let lines = "{% for m in messages %}\r\n{{ m.role }}:\r\n{% endfor %}\r\n.";
    assert_eq!(rendered(lines).unwrap(), "user:\nassistant:\n.");
    assert_eq!(rendered(&lines.replace("\r\n", "\r")), rendered(lines));
}

#[test]
fn dicts_keep_their_order() {
    assert_eq!(rendered("{% for k in {'z': 1, 'a': 2} %}{{ k }}{% endfor %}").unwrap(), "za");
    assert!(rendered("{{ {'z': 1, 'a': 2} | tojson }}").unwrap().starts_with(r#"{"z""#));
}

#[test]
fn what_the_assistant_says_may_be_marked() {
    let template = "{% set x = 1 %}{%- for m in messages -%}\n{%- if m.role == 'assistant' %}\n[{% generation %}\n\
                    {% set x = 2 %}{{ m.content }}\n{%- endgeneration -%}\n]{% endif %}{% endfor %}{{ x }}";
    assert_eq!(rendered(template).unwrap(), "[yes]1");
    assert_eq!(rendered("a {% set generation = 'b' %}{{ generation }}").unwrap(), "a b");
}

#[test]
fn a_template_that_cannot_be_read_is_an_error_only_where_it_is_used() {
    let error = rendered("{% nonsense %}").unwrap_err();
    assert!(error.starts_with("the chat template of `here` cannot be read: syntax error"), "{error}");
}

#[test]
fn percent_formats_text_and_divides_numbers() {
    let text = |template: &str| rendered(&format!("{{{{ {template} }}}}")).unwrap();
    assert_eq!(text("'%s: %d%%' % (messages[0].role, 3)"), "user: 3%");
    assert_eq!(text("'%s' % [1, 2]"), "[1, 2]");
    assert_eq!(text("'%(a)s-%(b).1f' % {'a': 'x', 'b': 2.25, 'c': 0}"), "x-2.2");
    assert_eq!(text("'[' ~ '%5s' % 'a' ~ ']'"), "[    a]");
    assert_eq!(text("'%s' % messages[0].content|upper + '!'"), "HI!");
    // As Python: from left to right, signs first, and the sign of the divisor.
    assert_eq!(
        text("[7 % 4 * 2, 2 * 7 % 4, 9 % 5 % 3, -7 % 3, 1 + 7 % 4, 7 % -4, 2 ** 3 % 5]"),
        "[6, 2, 1, 2, 4, -1, 3]"
    );
    assert_eq!(
        rendered("{% if loop is not defined and 4 % 2 == 0 %}{% set a = 'x%s' % 'y' %}{{ a }}{% endif %}")
            .unwrap(),
        "xy"
    );
    assert_eq!(rendered("100 % {% raw %}{{ 5 % 'a' }}{% endraw %}").unwrap(), "100 % {{ 5 % 'a' }}");
    for wrong in ["'%s' % (1, 2)", "'%s %s' % 1", "'a' % 1"] {
        assert!(rendered(&format!("{{{{ {wrong} }}}}")).unwrap_err().contains("`%` formats"), "{wrong}");
    }
}

#[test]
fn ordinary_templates_are_not_changed_by_the_guards() {
    let template = "{% set ns = namespace(n=0, seen=[]) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}\
                    {% set ns.seen = ns.seen + [m.role] %}{% endfor %}{{ ns.n }} {{ ns.seen | join(', ') | upper }} \
                    {{ '=' * 3 ~ ns.seen|length * 2 ~ -1 }} {% set a, b = 1, 2 %}{{ a ~ b }} {{ ', '.join(ns.seen) }} \
                    {{ '{:>4}'.format(7) }}{{ 1 if messages[0]['role'] in ('user', 'x') else 2 }}";
    assert_eq!(rendered(template).unwrap(), "2 USER, ASSISTANT ===4-1 12 user, assistant    71");
}

#[test]
fn no_template_grows_without_bound() {
    let deep = |open: &str| {
        format!(
            "{{% set ns = namespace(a=1) %}}{{% for i in range(10000) %}}{open}{{% endfor %}}{{{{ ns.a }}}}"
        )
    };
    for hostile in [
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}".to_owned(),
        "{% set ns = namespace() %}{% set ns.a = [{'b': ns}] %}{{ ns|tojson }}".to_owned(),
        "{% set a = namespace() %}{% set b = namespace(a=a) %}{% set a.b = b %}{{ a == b }}".to_owned(),
        deep("{% set ns.a = [ns.a] %}"),
        deep("{% set ns.a = {'b': ns.a} %}"),
        deep("{% set ns.a = [ns.a, ns.a] %}"),
        deep("{% set ns.a = ns.a ~ ns.a ~ '1' %}"),
        "{% macro f(x, n) %}{% if n %}{{ f([x, x], n - 1) }}{% else %}{{ x|string }}{% endif %}{% endmacro %}{{ f(1, 60) }}".to_owned(),
        "{% macro f(x, n) %}{% if n %}{{ f([x, x], n - 1) }}{% else %}{{ x ~ '' }}{% endif %}{% endmacro %}{{ f(1, 60) }}".to_owned(),
        "{{ '{:>10000000000}'.format(1) }}".to_owned(),
        "{{ '{0:.10000000000f}'.format(1.5) }}".to_owned(),
        "{{ '%10000000000d' % 1 }}".to_owned(),
        "{{ '%.10000000000f' % 1.5 }}".to_owned(),
        "{{ '%(a)10000000000d' % {'a': 1} }}".to_owned(),
        "{{ '%10000000000d' | format(1) }}".to_owned(),
        "{{ ([1] * 10000000000) ~ '' }}".to_owned(),
        "{{ 10000000000 * ['a'] | join }}".to_owned(),
        "{{ 'a' * 10000000000 }}".to_owned(),
        "{{ [[1]] | tojson(10000000000) }}".to_owned(),
        "{{ [[1]] | tojson(indent=10000000000) }}".to_owned(),
        "{{ 'a' | indent(10000000000, true) }}".to_owned(),
    ] {
        let refused = rendered(&hostile);
        assert!(refused.is_err(), "{hostile}: {} bytes", refused.unwrap().len());
    }
}
