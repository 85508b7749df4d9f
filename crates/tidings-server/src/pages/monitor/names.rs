// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-BmUPtPVV.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-DLjrTwlp.css";
pub(super) const INDEX_ETAG: &str = "\"e3fb98e4158ddc32\"";
