//! Free ports of 127.0.0.1 for programs that cannot be told to choose one and say which. I/O.

use std::net::TcpListener;

use crate::error::TestbedError;

/// A free port may be taken by somebody else before its process listens on it.
const PORT_ATTEMPTS: u32 = 5;

/// Ports that were free a moment ago, until one of them still is when its process listens on it.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    lost: u32,
}

impl Ports {
    /// A port that is free now.
    pub(crate) fn free(&self) -> Result<u16, TestbedError> {
        let doing = || format!("find a free port on 127.0.0.1 ({} were taken)", self.lost);
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(TestbedError::io(doing()))?;
        let address = listener.local_addr().map_err(TestbedError::io(doing()))?;
        Ok(address.port())
    }

    /// Whether a process failed because somebody else was faster, and another port is worth a try.
    pub(crate) fn was_taken(&mut self, error: &TestbedError) -> bool {
        self.lost += 1;
        self.lost < PORT_ATTEMPTS && error.to_string().contains("address already in use")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_taken_meanwhile_is_replaced_but_not_for_ever() {
        let mut ports = Ports::default();
        let taken = TestbedError::unexpected("listen", "bind: address already in use");
        for _ in 1..PORT_ATTEMPTS {
            assert!(ports.was_taken(&taken));
        }
        assert!(!ports.was_taken(&taken));
    }

    #[test]
    fn another_failure_is_not_tried_again() {
        let mut ports = Ports::default();
        let other = TestbedError::unexpected("start", "unknown flag");
        assert!(!ports.was_taken(&other));
    }

    #[test]
    fn a_free_port_can_be_listened_on() {
        let port = Ports::default().free().unwrap();
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
}
