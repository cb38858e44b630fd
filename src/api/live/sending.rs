//! Frames on their way to a client.

use std::io::IoSlice;

use bytes::{Buf, Bytes};

use crate::events::Frame;

/// Frames that are written one behind the other, from where they are: none of them is copied. It knows
/// how far the writing has come, also where that was given up.
pub(super) struct Sending {
    frames: Vec<Frame>,
    /// Frames that are written.
    written: usize,
    /// Bytes of the next one that are.
    offset: usize,
}

impl Sending {
    /// Of these frames nothing is written.
    pub(super) fn new(frames: Vec<Frame>) -> Self {
        Self { frames, written: 0, offset: 0 }
    }

    /// The frames that are written, and the one that is begun.
    pub(super) fn begun(&self) -> &[Frame] {
        &self.frames[..self.written + usize::from(self.offset > 0)]
    }

    /// What is missing of the frame that is begun.
    pub(super) fn rest(&self) -> Bytes {
        let begun = self.frames.get(self.written).filter(|_| self.offset > 0);
        begun.map(|frame| frame.bytes().slice(self.offset..)).unwrap_or_default()
    }

    /// What is still to be written, piece by piece.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let frames = self.frames[self.written..].iter().map(|frame| &frame.bytes()[..]);
        let mut offset = self.offset;
        frames.map(move |frame| &frame[std::mem::take(&mut offset)..])
    }
}

impl Buf for Sending {
    fn remaining(&self) -> usize {
        self.pieces().map(<[u8]>::len).sum()
    }

    fn has_remaining(&self) -> bool {
        self.written < self.frames.len()
    }

    fn chunk(&self) -> &[u8] {
        self.pieces().next().unwrap_or_default()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(self.pieces()).map(|(slice, piece)| {
            *slice = IoSlice::new(piece);
        });
        filled.count()
    }

    fn advance(&mut self, count: usize) {
        self.offset += count;
        while let Some(frame) = self.frames.get(self.written)
            && self.offset >= frame.bytes().len()
        {
            self.offset -= frame.bytes().len();
            self.written += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Payload;
    use crate::store::events::Event;

    fn frames() -> Vec<Frame> {
        let payload = |id| Payload::new(&json!({ "text": "x".repeat(id as usize * 40) }));
        let kind = "ticket.created".to_owned();
        let event = |id| Event {
            id,
            kind: kind.clone(),
            ticket_id: None,
            payload: payload(id),
            created_at: 1,
        };
        (1..=3).filter_map(|id| Frame::of(&event(id))).collect()
    }

    #[test]
    fn it_knows_how_far_it_has_come() {
        let whole: Vec<u8> = frames().iter().flat_map(|frame| frame.bytes().to_vec()).collect();
        let first = frames()[0].bytes().len();
        for step in 1..=whole.len() {
            let (mut sending, mut written) = (Sending::new(frames()), Vec::new());
            while sending.has_remaining() {
                assert_eq!(sending.remaining(), whole.len() - written.len());
                let next = sending.chunk().len().min(step);
                written.extend_from_slice(&sending.chunk()[..next]);
                sending.advance(next);
                let behind = [&written[..], &sending.rest()].concat();
                let ends = sending.begun().iter().map(|frame| frame.bytes().len()).sum::<usize>();
                assert_eq!(behind, whole[..ends]);
            }
            assert_eq!((written, sending.begun().len()), (whole.clone(), 3));
        }
        let mut sending = Sending::new(frames());
        assert_eq!((sending.begun().len(), sending.rest().len()), (0, 0));
        sending.advance(first + 5);
        let mut slices = [IoSlice::new(&[]); 4];
        let count = sending.chunks_vectored(&mut slices);
        let taken: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
        assert_eq!(taken, whole[first + 5..]);
    }
}
