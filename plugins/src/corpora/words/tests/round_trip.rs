//! Text -> facts -> text.
