// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-EubHzDjG.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-CKEKvn9P.css";
pub(super) const INDEX_ETAG: &str = "\"5ea0d3e104c51e8a\"";
