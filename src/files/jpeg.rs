//! What the JPEG decoder lets pass: a file that ends too early (it paints the rest grey), and
//! thousands of scans (each costs a walk over the whole image, so 1 MB buys minutes of work).

use super::FilesError;

/// An encoder writes about ten.
const MOST_SCANS: usize = 100;

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// Refuses a JPEG without an end, or with more than 100 scans.
///
/// Bytes after the end are fine, phones put previews and films there; bytes of a preview before
/// it are stepped over by their segment's length.
pub(super) fn check(bytes: &[u8]) -> Result<(), FilesError> {
    let mut scans = 0;
    let mut at = 2;
    while let Some((marker, after)) = next_marker(bytes, at) {
        at = after;
        match marker {
            END_OF_IMAGE if scans > 0 => return Ok(()),
            // Restarts and the like stand alone, without a length.
            0x01 | 0xD0..=0xD9 => continue,
            START_OF_SCAN => scans += 1,
            _ => {}
        }
        if scans > MOST_SCANS {
            return Err(FilesError::TooLarge(format!(
                "A JPEG image may have at most {MOST_SCANS} scans."
            )));
        }
        let length = bytes.get(at..at + 2).and_then(|two| two.try_into().ok());
        at += usize::from(length.map_or(2, u16::from_be_bytes));
    }
    Err(FilesError::NotAnImage)
}

/// The first marker at or after `from`, and where it ends. `FF 00` and `FF FF` are none.
fn next_marker(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(from..)?;
    let is_marker = |two: &[u8]| two[0] == 0xFF && !matches!(two[1], 0x00 | 0xFF);
    let offset = rest.windows(2).position(is_marker)?;
    Some((rest[offset + 1], from + offset + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [u8; 4] = [0xFF, 0xD8, 0xFF, 0xE0];

    fn jpeg(scans: usize, end: &[u8]) -> Vec<u8> {
        // A segment that itself holds an end marker, then scans with stuffed data.
        let mut bytes = [&HEAD[..], &[0, 6, 0xFF, 0xD9, 1, 1]].concat();
        for _ in 0..scans {
            bytes.extend([0xFF, 0xDA, 0, 3, 9, 1, 2, 0xFF, 0x00, 0xFF, 0xD0, 3]);
        }
        bytes.extend(end);
        bytes
    }

    #[test]
    fn only_a_jpeg_with_an_end_passes() {
        assert!(check(&jpeg(1, &[0xFF, 0xD9])).is_ok());
        assert!(check(&jpeg(10, &[0xFF, 0xD9, b'm', b'o', b'r', b'e'])).is_ok());
        for broken in [jpeg(1, &[]), jpeg(0, &[0xFF, 0xD9]), jpeg(1, &[0xFF]), HEAD.to_vec()] {
            assert!(matches!(check(&broken), Err(FilesError::NotAnImage)));
        }
    }

    #[test]
    fn a_thousand_scans_are_refused() {
        assert!(matches!(check(&jpeg(1000, &[0xFF, 0xD9])), Err(FilesError::TooLarge(_))));
    }
}
