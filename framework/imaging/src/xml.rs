//! Parses short XML texts, such as those inside images, into a tree of elements.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deepest nesting that is accepted; CIFTI has 6 levels.
const DEEPEST: usize = 64;

/// An XML element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Tag name, without a prefix.
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// The element's own text, with entities resolved and outer blanks kept.
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// Parses a text with one root element.
    pub fn parse(text: &str) -> Result<Element, String> {
        let mut reader = Reader::from_str(text);
        // Open elements, outermost first. The root of the text is the only child of the first.
        let mut open = vec![Element::default()];
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            let depth = open.len();
            let top = open.last_mut().expect("the outermost element is never closed");
            match event {
                Event::Start(tag) if depth < DEEPEST => open.push(element(&tag)?),
                Event::Start(_) => return Err(format!("elements are nested more than {DEEPEST} deep")),
                Event::Empty(tag) => top.children.push(element(&tag)?),
                Event::End(_) => {
                    let closed = open.pop().filter(|_| !open.is_empty());
                    let closed = closed.ok_or("an element is closed that was never opened")?;
                    open.last_mut().expect("one is left").children.push(closed);
                }
                Event::Text(words) => top.text += &words.decode().map_err(|error| error.to_string())?,
                Event::CData(words) => top.text += &words.decode().map_err(|error| error.to_string())?,
                Event::GeneralRef(name) => {
                    let name = name.decode().map_err(|error| error.to_string())?;
                    let raw = format!("&{name};");
                    top.text += &quick_xml::escape::unescape(&raw).map_err(|error| error.to_string())?;
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let mut outermost =
            open.pop().filter(|_| open.is_empty()).ok_or("the text ends within an element")?;
        outermost
            .children
            .pop()
            .filter(|_| outermost.children.is_empty())
            .ok_or_else(|| "no single root element".to_owned())
    }

    /// Returns the value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the child elements with this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the first child element with this name.
    pub fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }
}

fn element(tag: &BytesStart) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.unescape_value().map_err(|error| error.to_string())?;
        attributes.push((words(attribute.key.local_name().as_ref()), value.into_owned()));
    }
    Ok(Element { name: words(tag.local_name().as_ref()), attributes, ..Element::default() })
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_by_hand() {
        let text = "<?xml version='1.0'?><!-- no --><a x='1 &lt; 2'>one &amp; <b/>two<c:d><![CDATA[<3>]]></c:d>&#65;</a>\n";
        let root = Element::parse(text).unwrap();
        assert_eq!(
            (root.name.as_str(), root.attribute("x"), root.text.as_str()),
            ("a", Some("1 < 2"), "one & twoA")
        );
        assert_eq!(root.children.iter().map(|child| child.name.as_str()).collect::<Vec<_>>(), ["b", "d"]);
        assert_eq!((root.first("d").unwrap().text.as_str(), root.all("e").count()), ("<3>", 0));
    }

    #[test]
    fn what_is_no_tree_is_an_error() {
        for text in [
            "",
            "words",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a b=c/>",
            "<a>&no;</a>",
            "<a",
            "<a>&#x110000;</a>",
        ] {
            assert!(Element::parse(text).is_err(), "{text}");
        }
        assert!(Element::parse(&"<a>".repeat(1_000_000)).unwrap_err().contains("64 deep"));
    }
}
