//! Faults by name: which request suffers, and what happens to it. Pure.

use std::collections::VecDeque;

/// What a client asks for. The named ones are about `AttachedDatabase` objects.
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
    /// A publication of an event, first or repeated.
    Event,
    /// Anything about a CRD.
    Crd,
}

impl Verb {
    /// Whether it would change an `AttachedDatabase` or its status.
    pub const fn is_write(self) -> bool {
        match self {
            Self::Create | Self::Replace | Self::Patch | Self::WriteStatus | Self::Delete => true,
            Self::List | Self::Watch | Self::Get | Self::Event | Self::Crd => false,
        }
    }
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this HTTP status; nothing is applied.
    Refuse(u16),
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
    once: VecDeque<(Verb, Fault)>,
    lasting: Vec<(Verb, Fault)>,
}

impl Faults {
    pub fn next(&mut self, verb: Verb, fault: Fault) {
        self.once.push_back((verb, fault));
    }

    pub fn always(&mut self, verb: Verb, fault: Fault) {
        self.lasting.push((verb, fault));
    }

    /// The fault that the request now arriving suffers.
    pub fn take(&mut self, verb: Verb) -> Option<Fault> {
        let position = self.once.iter().position(|(wanted, _)| *wanted == verb);
        let once = position.and_then(|index| self.once.remove(index));
        once.or_else(|| {
            self.lasting
                .iter()
                .copied()
                .find(|(wanted, _)| *wanted == verb)
        })
        .map(|(_, fault)| fault)
    }
}
