//! Values that break what is careless with them.

/// Values that quoting, templating and shells break.
pub const NASTY: [(&str, &str); 14] = [
    ("EMPTY", ""),
    ("SPACES", "  two before, two behind  "),
    ("QUOTES", "a \"double\" and a 'single' and a `back`"),
    ("DOLLARS", "$HOME ${HOME} $(id) $$ %d"),
    ("BACKSLASHES", "C:\\new\\table \\n \\\\ \\"),
    ("LINES", "one\ntwo\n\nfour\n"),
    ("WINDOWS_LINES", "one\r\ntwo\r"),
    ("TABS", "\ta\tb\t"),
    ("HASH", "a #b # c"),
    ("EQUALS", "=a=b="),
    ("UNICODE", "Zürich 北京 🚀 \u{202e}x"),
    ("TEMPLATE", "{{ env \"PATH\" }} {% x %} <%= y %>"),
    ("PEM", "-----BEGIN KEY-----\nMIIB+/==\n-----END KEY-----\n"),
    ("JSON", "{\"a\": [1, \"b\\n\", {\"c\": null}]}"),
];
