//! The nodes of the tree.

/// A value and its place in bytes. No two nodes start at the same byte, so `start` is also a name for the node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Node {
    pub start: u32,
    pub end: u32,
    /// How many bytes the name before the value takes: that of a struct or variant. 0: none.
    pub name: u32,
    pub value: Value,
}

/// A field's name: its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Key {
    pub start: u32,
    pub end: u32,
}

/// What a value is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Value {
    /// Could not be read: noted already.
    #[default]
    Broken,
    /// A name alone.
    Bare,
    Bool(bool),
    Number,
    Byte(u8),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    /// `[..]`
    List(Vec<Node>),
    /// `(..)`, perhaps empty
    Tuple(Vec<Node>),
    /// `(field: ..)`
    Struct(Vec<(Key, Node)>),
    /// `{key: ..}`
    Map(Vec<(Node, Node)>),
}
