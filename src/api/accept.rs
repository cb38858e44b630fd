//! What kind of answer a caller would rather have, by `Accept` (RFC 9110, 12.5.1).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// Whether a page is wanted more than JSON. Whoever wants both alike, or says nothing, gets JSON.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    quality(headers, "text", "html") > quality(headers, "application", "json")
}

/// How much a media type is wanted, in thousandths: what the range says that names it most
/// exactly, and nothing where none does.
fn quality(headers: &HeaderMap, kind: &str, subtype: &str) -> u16 {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let (named, sub) = parts.next()?.split_once('/')?;
        let exactness = match (named, sub) {
            ("*", "*") => 0,
            (named, "*") if named.eq_ignore_ascii_case(kind) => 1,
            (named, sub)
                if named.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) =>
            {
                2
            }
            _ => return None,
        };
        Some((exactness, weight(parts)))
    });
    ranges.max().map_or(0, |(_, weight)| weight)
}

/// The `q` among a range's parameters; 1 where it is missing or no number from 0 to 1.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> u16 {
    let q = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim_end().eq_ignore_ascii_case("q").then(|| value.trim_start().parse::<f32>().ok())?
    });
    let q = q.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0);
    // From 0 to 1000: nothing is lost.
    (q * 1000.0).round() as u16
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn prefers(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        prefers_html(&headers)
    }

    #[test]
    fn what_browsers_send_means_a_page() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "text/html",
            "text/*",
            "TEXT/HTML",
            "text/html;level=1, application/json;q=0.9",
            "application/json;q=0.5, text/html;q=0.6",
            "application/json ; Q=0.5 , text/html ; q=0.501",
            "*/*, application/json;q=0",
        ] {
            assert!(prefers(&[accept]), "{accept}");
        }
        assert!(prefers(&["application/json;q=0.1", "text/html"]));
    }

    #[test]
    fn everything_else_means_json() {
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/json, text/html",
            "text/html, application/json",
            "text/html;q=0",
            "text/html;q=0, */*",
            "text/html;q=0.4, application/json;q=0.5",
            "text/html;q=0.4, */*;q=0.5",
            "text/html;q=0.9, application/*",
            "*/*, text/html;q=0.2",
            "image/png",
            "text/plain",
            "nonsense",
            "text/html;q=-1, application/json;q=NaN",
        ] {
            assert!(!prefers(&[accept]), "{accept}");
        }
        assert!(!prefers(&[]));
    }
}
