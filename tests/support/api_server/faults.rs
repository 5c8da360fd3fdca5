//! Faults by name: which request suffers, and what happens to it. Pure.

use std::collections::VecDeque;

use super::resources::Kind;

/// What a client asks for. Where no kind is named with it, it is about [`Verb::own_kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    List,
    Watch,
    Get,
    Create,
    Replace,
    /// A patch of anything but the status, whatever its type.
    Patch,
    /// A patch or replacement of the status.
    WriteStatus,
    Delete,
    /// A request for a token of a `ServiceAccount`.
    RequestToken,
    /// A publication of an event, first or repeated.
    Event,
    /// Anything about a CRD.
    Crd,
}

impl Verb {
    /// Whether it would change an object or its status, were it about an `AttachedDatabase`.
    pub const fn is_write(self) -> bool {
        match self {
            Self::Create | Self::Replace | Self::Patch | Self::WriteStatus | Self::Delete => true,
            Self::List | Self::Watch | Self::Get | Self::RequestToken | Self::Event | Self::Crd => {
                false
            }
        }
    }

    /// The kind that it is about where none is named.
    pub const fn own_kind(self) -> Kind {
        match self {
            Self::List
            | Self::Watch
            | Self::Get
            | Self::Create
            | Self::Replace
            | Self::Patch
            | Self::WriteStatus
            | Self::Delete => Kind::AttachedDatabase,
            Self::RequestToken => Kind::ServiceAccount,
            Self::Event => Kind::Event,
            Self::Crd => Kind::CustomResourceDefinition,
        }
    }
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this HTTP status; nothing is applied.
    Refuse(u16),
    /// Answered with 201 and this body; nothing is applied.
    Answer(&'static str),
    /// Never answered; nothing is applied.
    Hang,
    /// The connection breaks; nothing is applied.
    Reset,
    /// Applied, then the connection breaks.
    LoseAnswer,
    /// Applied, then never answered.
    HangAfterApplying,
}

#[derive(Debug, Default)]
pub struct Faults {
    once: VecDeque<(Kind, Verb, Fault)>,
    lasting: Vec<(Kind, Verb, Fault)>,
}

impl Faults {
    pub fn next(&mut self, kind: Kind, verb: Verb, fault: Fault) {
        self.once.push_back((kind, verb, fault));
    }

    pub fn always(&mut self, kind: Kind, verb: Verb, fault: Fault) {
        self.lasting.push((kind, verb, fault));
    }

    /// The fault that the request now arriving suffers.
    pub fn take(&mut self, kind: Kind, verb: Verb) -> Option<Fault> {
        let hits = |armed: &(Kind, Verb, Fault)| (armed.0, armed.1) == (kind, verb);
        let position = self.once.iter().position(hits);
        let once = position.and_then(|index| self.once.remove(index));
        once.or_else(|| self.lasting.iter().copied().find(hits))
            .map(|(_, _, fault)| fault)
    }
}
