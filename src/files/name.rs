//! The name that a file is shown and downloaded under.

/// The longest name, in characters.
const LONGEST: usize = 255;
/// The longest ending that survives when a name is cut.
const LONGEST_ENDING: usize = 16;

/// `given` without folders, control characters and characters that turn the reading direction
/// (by which `photo\u{202e}gpj.exe` reads as a picture), cut to 255 characters before its ending.
/// Where nothing is left, a name that fits `content_type`.
pub(super) fn sanitise(given: &str, content_type: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    let name = clean.trim();
    if name.trim_matches('.').trim().is_empty() {
        return default_for(content_type).to_owned();
    }
    cut(name)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn cut(name: &str) -> String {
    let length = name.chars().count();
    if length <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending_length = ending.chars().count();
    if ending_length > LONGEST_ENDING {
        return name.chars().take(LONGEST).collect();
    }
    let stem = name.chars().take(LONGEST - ending_length);
    stem.chain(ending.chars()).collect()
}

fn default_for(content_type: &str) -> &'static str {
    match content_type {
        "image/png" => "image.png",
        "image/jpeg" => "image.jpg",
        "image/gif" => "image.gif",
        "image/webp" => "image.webp",
        "image/bmp" => "image.bmp",
        "audio/ogg" => "audio.ogg",
        "audio/mpeg" => "audio.mp3",
        "video/mp4" => "video.mp4",
        "application/pdf" => "document.pdf",
        "text/plain" => "text.txt",
        _ => "file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_control_characters_go() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\Ann\\счёт.pdf", "счёт.pdf"),
            ("a\r\nSet-Cookie: b\0.txt", "aSet-Cookie: b.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("  spaced name.txt ", "spaced name.txt"),
            (".profile", ".profile"),
        ] {
            assert_eq!(sanitise(given, "application/pdf"), kept, "{given:?}");
        }
    }

    #[test]
    fn nothing_left_gives_a_name_by_type() {
        for given in ["", " ", "..", "a/", "\u{200b}", "\n", ". ."] {
            assert_eq!(sanitise(given, "image/jpeg"), "image.jpg", "{given:?}");
        }
        assert_eq!(sanitise("", "application/x-unheard-of"), "file");
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = sanitise(&format!("{}.jpeg", "ы".repeat(300)), "image/jpeg");
        assert_eq!(long.chars().count(), 255);
        assert!(long.ends_with("ы.jpeg"));
        let odd = sanitise(&format!("a.{}", "b".repeat(300)), "text/plain");
        assert_eq!(odd.chars().count(), 255);
    }
}
