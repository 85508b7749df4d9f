// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-D7t93hKr.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-DLjrTwlp.css";
pub(super) const INDEX_ETAG: &str = "\"1a598c73c830a5e6\"";
